import type { Readable } from 'node:stream'
import { type LedgerAnswer, ledgerSchemaVersion, type RunLedger, runLedgerSchema } from 'contract/ledger'
import type { Traces } from '../traces.ts'
import { onOneLine } from '../otlp/text.ts'
import { linesOf } from './lines.ts'
import { mostStrangeLines } from './open.ts'

/** Ledgers of traces that were opened from a file, as another file has them. */
export class FileLedgers {
  readonly #maxBytes: number
  /** The lines of each trace: text takes a tenth of what it says. */
  readonly #byTrace = new Map<string, Buffer[]>()
  #bytes = 0
  /** Runs that there was no room for. */
  rejected = 0
  /** Runs of traces that are not here. */
  strange = 0
  /** Lines that are no ledger, as whoever wrote them may have ended in the middle of one; and what was wrong with the first. */
  broken = 0
  trouble: string | null = null
  /** Why the file was not read to its end; what came before that is here. */
  stopped: string | null = null

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** How many traces there is a ledger of. */
  get size(): number {
    return this.#byTrace.size
  }

  add(traceId: string, line: Buffer): void {
    if (this.#bytes + line.length > this.#maxBytes) return void this.rejected++
    this.#bytes += line.length
    const lines = this.#byTrace.get(traceId) ?? []
    this.#byTrace.set(traceId, lines)
    // A copy: a part of what was read would keep all of it.
    lines.push(Buffer.from(line))
  }

  find(traceId: string): LedgerAnswer | undefined {
    const lines = this.#byTrace.get(traceId)
    if (!lines) return undefined
    const runs = lines.map((line) => {
      const { key, ...run } = JSON.parse(line.toString()) as RunLedger
      // When the run was has nothing to do with when this process began, and nobody makes a key that a file does not have.
      return { ...run, key: key === 'pending' ? null : key, age_ms: 0 }
    })
    return { schema_version: ledgerSchemaVersion, trace_id: traceId, runs, senders: [] }
  }
}

/**
 * Reads a file of ledgers, a run a line as in `runs` of `GET /runs/:trace_id`, gzipped or not; those of traces that are not
 * here are passed over. Throws an Error when there is none in it, nor in its first lines: it is another kind of file.
 */
export async function readLedgers(file: Readable, traces: Traces): Promise<FileLedgers> {
  const ledgers = new FileLedgers(traces.maxBytes)
  let runs = 0
  let at = 0
  try {
    for await (const { number, bytes } of linesOf(file, Infinity)) {
      at = number
      const read = parse(bytes)
      if ('wrong' in read) {
        ledgers.broken++
        ledgers.trouble ??= onOneLine(`line ${number}: expected ${read.wrong}`)
        if (runs === 0 && ledgers.broken === mostStrangeLines) break
        continue
      }
      runs++
      if (traces.find(read.trace_id)) ledgers.add(read.trace_id, bytes)
      else ledgers.strange++
    }
  } catch (error) {
    if (runs === 0 || !(error instanceof Error)) throw error
    ledgers.stopped = `${error.message}. It was read up to line ${at}`
  }
  if (runs === 0 && ledgers.trouble !== null) throw new Error(ledgers.trouble)
  return ledgers
}

function parse(bytes: Buffer): RunLedger | { wrong: string } {
  let json: unknown
  try {
    json = JSON.parse(bytes.toString())
  } catch (error) {
    return { wrong: `JSON (${(error as Error).message.slice(0, 200)})` }
  }
  const parsed = runLedgerSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  return { wrong: `the ledger of a run (${issue?.path.join('.')}: ${issue?.message})` }
}
