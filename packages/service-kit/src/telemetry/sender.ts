import { Backoff, type BackoffLimits } from './backoff.ts'
import type { ExportOutcome } from './outcome.ts'
import type { Report } from './reporter.ts'

export interface SenderOptions extends BackoffLimits {
  /** Exports under way at the same time. */
  parallelExports: number
  /** When an export that never ends counts as failed, ms. */
  exportTimeoutMs: number
  report?: Report
}

/** What became of the spans that were sent. */
export interface SentCounters {
  /** Taken by the collector. */
  exported: number
  /** Turned down by the collector for good. */
  refused: number
  /** Answered with success, but not as an OTLP receiver answers: nobody knows whether anybody has them. */
  unconfirmed: number
  /** Sent once more, an attempt each: a receiver may have seen them before. */
  resent: number
}

/** After it a batch is not sent again. */
export type SettledOutcome = Exclude<ExportOutcome, { kind: 'retry' | 'again' }>

/** Where batches come from, and who hears what became of them. */
export interface BatchSource<Batch> {
  /** What is to be sent next, if anything is. `now` is of `performance.now()`. */
  next(now: number): Batch | undefined
  /** How long until there is something, ms, where that is a matter of time. */
  leftMs(now: number): number | undefined
  /** One attempt. Throws for what can never be sent. */
  attempt(batch: Batch, timeoutMs: number): Promise<ExportOutcome>
  /** An attempt has ended; undefined when the batch is to be sent again. */
  ended(batch: Batch, outcome: SettledOutcome | undefined): void
}

/**
 * Sends batches, some side by side, and keeps each until the collector took it or refused it: one that came back is sent again
 * after a pause, before anything new. An export that timed out is sent again, so a receiver may see a span twice.
 */
export class Sender<Batch extends { readonly count: number }> {
  readonly #source: BatchSource<Batch>
  readonly #options: SenderOptions
  readonly #backoff: Backoff
  /** To be sent again, and before anything new. */
  #returned: Batch[] = []
  readonly #underWay = new Set<Batch>()
  #timer: NodeJS.Timeout | undefined
  /** When that is to go off, of `performance.now()`. */
  #timerAt = Infinity
  readonly #counters: SentCounters = { exported: 0, refused: 0, unconfirmed: 0, resent: 0 }

  constructor(source: BatchSource<Batch>, options: SenderOptions) {
    this.#source = source
    this.#options = options
    this.#backoff = new Backoff(options)
  }

  get counters(): Readonly<SentCounters> {
    return this.#counters
  }

  /** Batches that are kept here: under way, or to be sent again. */
  get kept(): Batch[] {
    return [...this.#returned, ...this.#underWay]
  }

  /** Starts as many exports as may be under way, and sees to it that the rest gets its turn. */
  send(): void {
    const now = performance.now()
    const pauseMs = this.#backoff.leftMs(now)
    if (pauseMs > 0) return this.#sendIn(pauseMs)
    while (this.#hasRoom) {
      const returned = this.#returned.shift()
      const batch = returned ?? this.#source.next(now)
      if (!batch) break
      if (returned) this.#counters.resent += returned.count
      void this.#export(batch)
    }
    // With no room for another export, the end of one comes back here.
    const leftMs = this.#hasRoom ? this.#source.leftMs(now) : undefined
    if (leftMs !== undefined) this.#sendIn(leftMs)
  }

  /** Sends at once what waits for an end of a pause: there is a reason to try now. */
  hurry(): void {
    this.#backoff.reset()
    this.#stopTimer()
    this.send()
  }

  /** Gives up what is kept here; what is under way may still be taken, and nobody hears of it. */
  giveUp(): void {
    this.#stopTimer()
    this.#returned = []
    this.#underWay.clear()
  }

  get #hasRoom(): boolean {
    return this.#underWay.size < this.#options.parallelExports
  }

  /** One that goes off sooner finds out by itself what is left to wait for. */
  #sendIn(ms: number): void {
    const at = performance.now() + ms
    if (at >= this.#timerAt) return
    this.#stopTimer()
    this.#timerAt = at
    this.#timer = setTimeout(() => {
      this.#stopTimer()
      this.send()
    }, ms).unref()
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timerAt = Infinity
  }

  async #export(batch: Batch): Promise<void> {
    this.#underWay.add(batch)
    const startedAt = performance.now()
    const outcome = await this.#attempt(batch)
    // It was given up meanwhile.
    if (!this.#underWay.delete(batch)) return
    const isSettled = outcome.kind !== 'retry' && outcome.kind !== 'again'
    if (isSettled) {
      this.#count(outcome, batch.count)
      this.#backoff.succeeded(startedAt)
    } else {
      this.#returned.push(batch)
      if (outcome.kind === 'retry') this.#backoff.failed(outcome.retryAfterMs)
    }
    this.#options.report?.(outcome, startedAt)
    this.#source.ended(batch, isSettled ? outcome : undefined)
    this.send()
  }

  #count(outcome: SettledOutcome, spans: number): void {
    const counters = this.#counters
    if (outcome.kind === 'refused') counters.refused += spans
    else if (outcome.kind === 'unconfirmed') counters.unconfirmed += spans
    else {
      counters.refused += outcome.rejected
      counters.exported += spans - outcome.rejected
    }
  }

  async #attempt(batch: Batch): Promise<ExportOutcome> {
    try {
      return await this.#source.attempt(batch, this.#options.exportTimeoutMs)
    } catch (error) {
      return { kind: 'refused', code: 'not sent', reason: String(error) }
    }
  }
}
