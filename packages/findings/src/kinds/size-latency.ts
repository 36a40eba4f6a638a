import { defineFinding, rowOf, saving } from '../finding.ts'
import { bytes, count, ms } from '../format.ts'
import * as say from '../sentence.ts'
import { fitLine } from '../statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

export interface SizeLatency extends Observed {
  chunks: { span_id: string; bytes: number; ms: number }[]
  total_bytes: number
  /** Least squares; null where all chunks have one size. */
  ms_per_kb: number | null
  /** Pearson's r of size and time; null below three chunks. */
  r: number | null
}

/** Time that follows size. `span_ids` is the chunk that took longest. */
function observe(steps: readonly AnalysisStep[]): SizeLatency {
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

export const sizeLatency = defineFinding({
  cause: { remedy: { changes: { ms_per_kb: 0 }, label: 'chunks that take no time' } },
  observe,
  sentence: ({ chunks, total_bytes, ms_per_kb, r }) => {
    const slowest = chunks.reduce((most, chunk) => Math.max(most, chunk.ms), 0)
    const fit = ms_per_kb === null ? 'with no two sizes to compare' : `${ms_per_kb.toFixed(1)} ms per KB`
    return `${say.count(chunks.length, 'chunk')} of ${Math.round(total_bytes / 1024)} KB altogether: ${fit}${r === null ? '' : `, r = ${r.toFixed(2)}`}; the slowest took ${say.ms(slowest)}`
  },
  questions: ({ chunks, total_bytes }, { totalMs, table }) => {
    const named = rowOf(table, 'process_chunk')
    return {
      symptom: `The request took ${ms(totalMs)} and moved ${bytes(total_bytes)}.`,
      missed: `process_chunk has ${count(chunks.length, 'span')}, a mean of ${ms(named?.mean_ms ?? 0)} and a p99 of ${ms(named?.p99_ms ?? 0)}. Size is no column of the table, so the spread looks like noise.`,
    }
  },
  without: ({ chunks }) => saving(sum(chunks.map(({ ms }) => ms)), 'all the time that the chunks took'),
  chart: (observed) => ({ shape: 'scatter', observed }),
})
