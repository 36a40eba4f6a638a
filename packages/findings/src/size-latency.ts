import { fitLine } from './statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from './step.ts'

export interface SizeLatency extends Observed {
  chunks: { span_id: string; bytes: number; ms: number }[]
  total_bytes: number
  /** Least squares; null where all chunks have one size. */
  ms_per_kb: number | null
  /** Pearson's r of size and time; null below three chunks. */
  r: number | null
}

/** Time that follows size. `span_ids` is the chunk that took longest. */
export function sizeLatency(steps: readonly AnalysisStep[]): SizeLatency {
  const chunks = byStart(withOperation(steps, 'process_chunk')).map((step) => ({
    span_id: step.span_id,
    bytes: step.facts.bytes ?? 0,
    ms: round(durationOf(step)),
  }))
  const { slope, r } = fitLine(chunks.map(({ bytes, ms }) => ({ x: bytes / 1024, y: ms })))
  const slowest = chunks.reduce<(typeof chunks)[number] | undefined>(
    (most, chunk) => (most && most.ms >= chunk.ms ? most : chunk),
    undefined,
  )
  return {
    span_ids: slowest ? [slowest.span_id] : [],
    chunks,
    total_bytes: sum(chunks.map(({ bytes }) => bytes)),
    ms_per_kb: slope === null ? null : round(slope),
    r: r === null ? null : round(r),
  }
}
