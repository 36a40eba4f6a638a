import type { Readable } from 'node:stream'
import { Malformed } from '../otlp/fields.ts'
import { decodeJsonLine } from '../otlp/json.ts'
import { onOneLine } from '../otlp/text.ts'
import { Refusal } from '../otlp/refused.ts'
import { Opening } from '../trace.ts'
import type { Traces } from '../traces.ts'
import { linesOf } from './lines.ts'

/** What came of a file that was opened. */
export interface Opened {
  /** Lines that were export requests. */
  lines: number
  /** Spans that could be read. */
  spans: number
  /** Of them, those that were here before. */
  known_spans: number
  /** Spans that could not be read, or that there was no room for. */
  rejected_spans: number
  /** Lines that were no export requests. */
  broken_lines: number
  /** What was wrong with the first of those spans and lines, and in which line. */
  trouble: string | null
  /** Traces that were not here before. */
  traces: number
  /** Of them, those that are still here: the others had to go to bound memory. */
  kept_traces: number
  /** The only one of them, where it is one alone. */
  trace_id: string | null
}

/** What a file may have unpacked, as a multiple of what spans may take: well above what there can be room for. */
const mostTimesRoom = 4
/** So many lines before the first that is what it should be: it is another kind of file. */
export const mostStrangeLines = 10

/**
 * Opens a file of OTLP JSON lines, an export request a line, gzipped or not: its spans are put among those that were
 * received, line by line. `stopped` says why it was not read to its end; what came before that is kept.
 * `tell` is told after each line what has been read so far.
 */
export async function openFile(
  file: Readable,
  traces: Traces,
  tell: (soFar: Opened) => void = () => {},
): Promise<{ opened: Opened; stopped: Refusal | null }> {
  const opening = new Opening()
  const counts = { lines: 0, spans: 0, rejected_spans: 0, broken_lines: 0 }
  let trouble: string | null = null
  let at = 0

  const soFar = (): Opened => ({
    ...counts,
    known_spans: opening.known,
    trouble,
    traces: opening.traces,
    kept_traces: opening.kept,
    trace_id: opening.traces === 1 ? opening.newestId : null,
  })
  const note = (what: string) => (trouble ??= onOneLine(`line ${at}: ${what}`))
  function take(line: Buffer): void {
    const batch = decodeJsonLine(line)
    const added = traces.add(batch.spans, opening)
    counts.lines++
    counts.spans += batch.spans.length
    counts.rejected_spans += batch.rejected + added.rejected
    const reason = batch.reason || added.reason
    if (reason) note(reason)
  }

  try {
    for await (const { number, bytes } of linesOf(file, mostTimesRoom * traces.maxBytes)) {
      at = number
      try {
        take(bytes)
      } catch (error) {
        if (!(error instanceof Malformed)) throw error
        counts.broken_lines++
        note(error.message)
        if (counts.lines === 0 && counts.broken_lines === mostStrangeLines) throw notOtlp(trouble)
      }
      tell(soFar())
    }
    if (counts.lines === 0) throw notOtlp(trouble)
    return { opened: soFar(), stopped: null }
  } catch (error) {
    if (!(error instanceof Error && (error instanceof Refusal || 'code' in error))) throw error
    const why = error instanceof Refusal ? error.message : `The file could not be read: ${error.message}`
    const text = counts.lines === 0 ? why : `${why}. It was read up to line ${at}`
    return { opened: soFar(), stopped: new Refusal(error instanceof Refusal ? error.status : 400, text) }
  }
}

const notOtlp = (trouble: string | null) =>
  new Refusal(400, `The file has no OTLP JSON lines, an export request a line: ${trouble ?? 'it is empty'}`)
