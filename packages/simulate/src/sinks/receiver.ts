import { HttpTransport } from 'service-kit/telemetry/http-transport'
import type { ExportOutcome } from 'service-kit/telemetry/outcome'
import { createReporter } from 'service-kit/telemetry/reporter'
import { type BatchSource, Sender, type SentCounters, type SettledOutcome } from 'service-kit/telemetry/sender'
import type { ExportTarget } from 'service-kit/telemetry/target'
import { SimulateError } from '../error.ts'
import { ProtobufWriter } from '../otlp/protobuf.ts'
import type { PlayedRun } from '../play.ts'
import { ServicesWriter } from '../senders.ts'
import type { Sink } from './sink.ts'

export interface ReceiverOptions {
  target: ExportTarget
  /** Of one request, at most by a span. */
  maxBatchSpans: number
  maxBatchBytes: number
  exportTimeoutMs: number
  /** How long the receiver may take nothing before it is given up, ms: once it has taken something, and before. */
  patienceMs: number
  firstPatienceMs: number
  /** Hears what is wrong with the receiver. */
  tell: (line: string) => void
}

export interface ReceiverCounters extends SentCounters {
  /** Encoded and not yet taken or refused. */
  queued: number
  /** The last unit of which, and of all before, every span was taken; -1 before there is one. */
  through: number
}

interface Batch {
  body: Uint8Array
  count: number
  /** The last unit that ends in it. */
  lastUnit: number | undefined
  /** Spans that were taken of it; undefined while it is under way. */
  taken: number | undefined
}

/** Batches that wait or are under way, at most: what there is to keep when the receiver is slow. */
const mostKept = 4
const parallelExports = 2

const consequences = {
  outage: 'Waiting for it. --to or OTEL_EXPORTER_OTLP_ENDPOINT says where spans go.',
  unconfirmed: 'and they are counted as unconfirmed',
}

/** Sends spans to an OTLP receiver by the rules of the services' exporter, but drops none: whoever plays waits instead. */
export class ReceiverSink implements Sink, BatchSource<Batch> {
  readonly #options: ReceiverOptions
  readonly #transport: HttpTransport
  readonly #sender: Sender<Batch>
  readonly #writer = new ServicesWriter((resource, scope) => new ProtobufWriter(resource, scope))
  readonly #waiting: Batch[] = []
  /** From the first that was not wholly taken on, in their order. */
  readonly #order: Batch[] = []
  #lastUnit: number | undefined
  #through = -1
  #failure: SimulateError | undefined
  #wake: (() => void)[] = []
  #impatience: NodeJS.Timeout | undefined
  #heardAt = performance.now()

  constructor(options: ReceiverOptions) {
    this.#options = options
    this.#transport = new HttpTransport(options.target)
    this.#sender = new Sender(this, {
      parallelExports,
      exportTimeoutMs: options.exportTimeoutMs,
      backoffMs: 500,
      maxBackoffMs: 5000,
      maxAskedMs: 300_000,
      report: createReporter(options.target, mostKept, options.tell, consequences),
    })
  }

  get counters(): ReceiverCounters {
    const kept = [...this.#waiting, ...this.#sender.kept].reduce((sum, { count }) => sum + count, 0)
    return { ...this.#sender.counters, queued: kept + this.#writer.count, through: this.#through }
  }

  take(run: PlayedRun): Promise<void> | undefined {
    const { maxBatchSpans, maxBatchBytes } = this.#options
    const writer = this.#writer
    writer.addRun(run, () => {
      if (writer.count >= maxBatchSpans || writer.size >= maxBatchBytes) this.#cut()
    })
    return this.#until(mostKept)
  }

  unitEnded(unit: number): void {
    const last = this.#order.at(-1)
    if (this.#writer.count > 0) this.#lastUnit = unit
    else if (last) last.lastUnit = unit
    else this.#through = unit
  }

  async end(): Promise<void> {
    if (this.#writer.count > 0) this.#cut()
    await this.#until(0)
    await this.#transport.shutdown()
  }

  /** Waits no longer than this for a receiver that takes nothing, ms. */
  hurry(patienceMs: number): void {
    this.#options.patienceMs = Math.min(this.#options.patienceMs, patienceMs)
    this.#options.firstPatienceMs = Math.min(this.#options.firstPatienceMs, patienceMs)
    this.#watch()
  }

  next(): Batch | undefined {
    return this.#waiting.shift()
  }

  leftMs(): undefined {
    return undefined
  }

  attempt({ body, count }: Batch, timeoutMs: number): Promise<ExportOutcome> {
    return this.#transport.post({ type: 'application/x-protobuf', body, count }, timeoutMs)
  }

  ended(batch: Batch, outcome: SettledOutcome | undefined): void {
    if (!outcome) return
    if (outcome.kind === 'taken') this.#heardAt = performance.now()
    batch.taken = outcome.kind === 'taken' ? batch.count - outcome.rejected : 0
    batch.body = nothing
    for (let first = this.#order[0]; first && first.taken === first.count; first = this.#order[0]) {
      this.#order.shift()
      this.#through = first.lastUnit ?? this.#through
    }
    // What is wrong from the first answer on will be so with all.
    if (this.#sender.counters.exported === 0 && outcome.kind !== 'taken') {
      this.#fail(`${this.#options.target.url} takes no spans`)
    }
    this.#changed()
  }

  #cut(): void {
    const count = this.#writer.count
    const batch: Batch = { body: Buffer.concat(this.#writer.take()), count, lastUnit: this.#lastUnit, taken: undefined }
    this.#lastUnit = undefined
    if (this.#kept === 0) this.#heardAt = performance.now()
    this.#waiting.push(batch)
    this.#order.push(batch)
    this.#sender.send()
    this.#watch()
  }

  /** Resolves when so many batches are kept at most; undefined when they are. */
  #until(most: number): Promise<void> | undefined {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#kept <= most) return undefined
    return new Promise<void>((resolve, reject) => {
      const wake = () => {
        if (this.#failure) reject(this.#failure)
        else if (this.#kept <= most) resolve()
        else this.#wake.push(wake)
      }
      this.#wake.push(wake)
    })
  }

  get #kept(): number {
    return this.#waiting.length + this.#sender.kept.length
  }

  #changed(): void {
    const woken = this.#wake
    this.#wake = []
    for (const wake of woken) wake()
    if (this.#kept === 0) clearTimeout(this.#impatience)
  }

  /** Unlike the pauses between attempts, this keeps the process alive. */
  #watch(): void {
    clearTimeout(this.#impatience)
    if (this.#kept === 0 || this.#failure) return
    const { patienceMs, firstPatienceMs, target } = this.#options
    const wasHeard = this.#sender.counters.exported > 0
    const patience = wasHeard ? patienceMs : firstPatienceMs
    this.#impatience = setTimeout(
      () => {
        if (performance.now() - this.#heardAt < patience) return this.#watch()
        this.#fail(`${target.url} took nothing for ${Math.round(patience / 1000)} s`)
        this.#changed()
      },
      Math.max(1, this.#heardAt + patience - performance.now()),
    )
  }

  #fail(why: string): void {
    this.#failure ??= new SimulateError(why)
    clearTimeout(this.#impatience)
    this.#waiting.length = 0
    this.#sender.giveUp()
  }
}

const nothing = new Uint8Array()
