import type { Key } from 'contract/key'
import type { RunLedger } from 'contract/ledger'
import { JsonWriter } from '../otlp/json.ts'
import type { PlayedRun } from '../play.ts'
import { ServicesWriter } from '../senders.ts'
import type { Sink } from './sink.ts'

/** Takes whole lines; resolves when there is room for more. */
export type WriteLines = (bytes: Uint8Array) => Promise<void>

const mostSpans = 2048
const mostBytes = 1 << 20

/** Spans as lines of OTLP's JSON, as the Collector's file exporter writes them. */
export class SpanLines implements Sink {
  readonly #writer = new ServicesWriter((resource, scope) => new JsonWriter(resource, scope))
  readonly #write: WriteLines

  constructor(write: WriteLines) {
    this.#write = write
  }

  async take(run: PlayedRun): Promise<void> {
    const writer = this.#writer
    const lines: Uint8Array[] = []
    writer.addRun(run, () => {
      if (writer.count >= mostSpans || writer.size >= mostBytes) lines.push(...writer.take())
    })
    for (const bytes of lines) await this.#write(bytes)
  }

  unitEnded(): void {}

  async end(): Promise<void> {
    for (const bytes of this.#writer.take()) await this.#write(bytes)
  }
}

/** JSON, a line each run. */
class JsonLines {
  readonly #write: WriteLines
  #lines: string[] = []
  #size = 0

  constructor(write: WriteLines) {
    this.#write = write
  }

  protected add(value: unknown): Promise<void> | undefined {
    const line = `${JSON.stringify(value)}\n`
    this.#lines.push(line)
    this.#size += line.length
    return this.#size >= mostBytes ? this.#flush() : undefined
  }

  unitEnded(): void {}

  async end(): Promise<void> {
    if (this.#size > 0) await this.#flush()
  }

  #flush(): Promise<void> {
    const bytes = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#size = 0
    return this.#write(bytes)
  }
}

/** Ledgers, a line each, as `GET /runs/:trace_id` has them in `runs`; with their keys where those are asked for. */
export class LedgerLines extends JsonLines implements Sink {
  readonly #withKeys: boolean

  constructor(write: WriteLines, withKeys: boolean) {
    super(write)
    this.#withKeys = withKeys
  }

  take({ ledger, key }: PlayedRun): Promise<void> | undefined {
    return this.#withKeys ? this.#takeWithKey(ledger(), key()) : this.add(ledger())
  }

  async #takeWithKey(ledger: RunLedger, key: Promise<Key>): Promise<void> {
    await this.add({ ...ledger, key: await key } satisfies RunLedger)
  }
}

/** Keys, a line each, as `/run` answers them. */
export class KeyLines extends JsonLines implements Sink {
  async take({ key }: PlayedRun): Promise<void> {
    await this.add(await key())
  }
}
