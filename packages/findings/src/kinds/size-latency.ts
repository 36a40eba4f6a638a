import { defineFinding, rowOf, saving } from '../finding.ts'
import { bytes, count, ms } from '../format.ts'
import { callsOf, type CallTrouble, slowRule, troubleOf } from '../calls.ts'
import * as say from '../sentence.ts'
import { fitLine, median } from '../statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

/** From fewer sizes a slope says nothing. */
const enoughSizes = 8

export interface ChunkFigures {
  span_id: string
  bytes: number
  ms: number
}

export interface SizeLatency extends Observed, CallTrouble {
  chunks: ChunkFigures[]
  total_bytes: number
  /** How many different sizes there are. */
  sizes: number
  /** Least squares; null below eight sizes. */
  ms_per_kb: number | null
  /** Pearson's r of size and time; null below eight sizes, or where one of them does not vary. */
  r: number | null
  /** Chunks that took longer than their size explains. */
  slow_chunks: ChunkFigures[]
}

/**
 * Time that follows size. A large chunk that takes long is as it should be; `span_ids` are chunks that took over three times
 * what the median chunk takes for as many bytes, and calls that were slow or failed.
 */
function observe(steps: readonly AnalysisStep[]): SizeLatency {
  const chunks = byStart(withOperation(steps, 'process_chunk')).map((step) => ({
    span_id: step.span_id,
    bytes: step.facts.bytes ?? 0,
    ms: round(durationOf(step)),
  }))
  const sizes = new Set(chunks.map(({ bytes }) => bytes)).size
  const { slope, r } =
    sizes < enoughSizes
      ? { slope: null, r: null }
      : fitLine(chunks.map(({ bytes, ms }) => ({ x: bytes / 1024, y: ms })))
  const slowChunks = sizes < enoughSizes ? [] : unexplained(chunks)
  const { ids, figures } = troubleOf(callsOf(steps))
  return {
    span_ids: [...slowChunks.map(({ span_id }) => span_id), ...ids],
    chunks,
    total_bytes: sum(chunks.map(({ bytes }) => bytes)),
    sizes,
    ms_per_kb: slope === null ? null : round(slope),
    r: r === null ? null : round(r),
    slow_chunks: slowChunks,
    ...figures,
  }
}

/** Of a very small chunk a little overhead is many times its time: what is beyond has to be as much as a whole chunk takes. */
function unexplained(chunks: readonly ChunkFigures[]): ChunkFigures[] {
  const perByte = median(chunks.filter(({ bytes }) => bytes > 0).map(({ bytes, ms }) => ms / bytes))
  const usual = median(chunks.map(({ ms }) => ms))
  return chunks.filter(({ bytes, ms }) => ms > slowRule * perByte * bytes && ms - perByte * bytes > usual)
}

export const sizeLatency = defineFinding({
  cause: { remedy: { changes: { ms_per_kb: 0 }, label: 'chunks that take no time' } },
  observe,
  sentence: ({ chunks, total_bytes, sizes, ms_per_kb, r, slow_chunks, slow, failed_calls }) => {
    const longest = chunks.reduce((most, chunk) => Math.max(most, chunk.ms), 0)
    const fit =
      ms_per_kb === null
        ? `${say.count(sizes, 'size')} of them, too few for a slope`
        : `${ms_per_kb.toFixed(1)} ms per KB${r === null ? '' : `, r = ${r.toFixed(2)}`}`
    const beyond = slow_chunks.map(({ bytes, ms }) => `one of ${(bytes / 1024).toFixed(1)} KB (${say.ms(ms)})`)
    const why =
      beyond.length > 0
        ? `; size does not explain ${say.list(beyond)}`
        : `; the slowest took ${say.ms(longest)}${ms_per_kb === null ? '' : ', as its size explains'}`
    const all =
      chunks.length === 0
        ? 'No chunk was worked through'
        : `${say.count(chunks.length, 'chunk')} of ${Math.round(total_bytes / 1024)} KB altogether: ${fit}${why}`
    return `${all}${say.slow(slow)}${say.failed(failed_calls)}`
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
