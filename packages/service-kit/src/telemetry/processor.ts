import { type Context, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import { Backoff, type BackoffLimits } from './backoff.ts'
import type { BatchExporter, ExportOutcome } from './outcome.ts'
import { type Batch, type BatchLimits, SpanQueue } from './queue.ts'
import type { Report } from './reporter.ts'
import { estimateBytes } from './size.ts'

export interface SpanCounters {
  /** Sampled spans that ended; always the sum of the next five. */
  created: number
  /** Taken by the collector. */
  exported: number
  /** Waiting or under way. */
  queued: number
  /** Turned down by the collector for good. */
  refused: number
  /** Answered with success, but not as an OTLP receiver answers: nobody knows whether anybody has them. */
  unconfirmed: number
  /** Given up: the queue was full, or the process had to end. */
  dropped: number
  /** Sent once more, an attempt each: a receiver may have seen them before. */
  resent: number
}

export interface ProcessorOptions extends BatchLimits, BackoffLimits {
  /** Spans that are kept at most, those under way included. */
  maxQueueSpans: number
  /** Estimated bytes that are kept at most, those under way included. */
  maxQueueBytes: number
  /** How long a span waits for others at most, ms. */
  delayMs: number
  /** Exports under way at the same time. */
  parallelExports: number
  /** When an export that never ends counts as failed, ms. */
  exportTimeoutMs: number
  report?: Report
}

/** After it a batch is not sent again. */
type SettledOutcome = Exclude<ExportOutcome, { kind: 'retry' | 'again' }>

/**
 * Loses no span within a stated bound. The SDK's own processor drops a batch that failed, and has one export under way at
 * a time behind a short queue; this one keeps a batch until the collector took it or refused it, pauses and tries again,
 * and counts whatever it cannot keep. An export that timed out is sent again, so a receiver may see a span twice.
 */
export class RetainingSpanProcessor implements SpanProcessor {
  readonly #exporter: BatchExporter
  readonly #options: ProcessorOptions
  /** In no batch yet; the first of them waits until `#dueAt` at most. */
  readonly #queue: SpanQueue
  #dueAt = 0
  /** To be sent again, and before anything new. */
  #returned: Batch[] = []
  readonly #underWay = new Set<Batch>()
  /** Of all that is kept. */
  #bytes = 0
  readonly #backoff: Backoff
  #timer: NodeJS.Timeout | undefined
  #flushes: { upTo: number; resolve: () => void }[] = []
  #hasEnded = false
  #created = 0
  #queued = 0
  #exported = 0
  #refused = 0
  #unconfirmed = 0
  #dropped = 0
  #resent = 0

  constructor(exporter: BatchExporter, options: ProcessorOptions) {
    this.#exporter = exporter
    this.#options = options
    this.#queue = new SpanQueue(options)
    this.#backoff = new Backoff(options)
  }

  counters(): SpanCounters {
    return {
      created: this.#created,
      exported: this.#exported,
      queued: this.#queued,
      refused: this.#refused,
      unconfirmed: this.#unconfirmed,
      dropped: this.#dropped,
      resent: this.#resent,
    }
  }

  onStart(_span: unknown, _parentContext: Context): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
    this.#created++
    const bytes = estimateBytes(span)
    const { maxQueueSpans, maxQueueBytes, delayMs } = this.#options
    const isFull = this.#queued >= maxQueueSpans || this.#bytes + bytes > maxQueueBytes
    if (this.#hasEnded || isFull) {
      this.#dropped++
      return this.#options.report?.({ kind: 'dropped', spans: 1 })
    }
    const isFirst = this.#queue.length === 0
    if (isFirst) this.#dueAt = performance.now() + delayMs
    this.#queue.push(span, bytes)
    this.#queued++
    this.#bytes += bytes
    if (isFirst || this.#queue.hasFullBatch) this.#send()
  }

  /** Starts as many exports as may be under way, and sees to it that the rest gets its turn. */
  #send(): void {
    const now = performance.now()
    const pauseMs = this.#backoff.leftMs(now)
    if (pauseMs > 0) return this.#sendIn(pauseMs)
    while (this.#underWay.size < this.#options.parallelExports) {
      const returned = this.#returned.shift()
      const batch = returned ?? this.#nextBatch(now)
      if (!batch) break
      if (returned) this.#resent += returned.spans.length
      void this.#export(batch)
    }
    // With no room for another export, the end of one comes back here.
    if (this.#queue.length > 0 && this.#underWay.size < this.#options.parallelExports) this.#sendIn(this.#dueAt - now)
  }

  #sendIn(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#send()
    }, ms).unref()
  }

  /** What is to be sent next, if anything is: a batch that is not full waits for more spans, unless its time has come. */
  #nextBatch(now: number): Batch | undefined {
    const isDue = this.#queue.length > 0 && (now >= this.#dueAt || this.#flushes.length > 0)
    return isDue || this.#queue.hasFullBatch ? this.#queue.take() : undefined
  }

  async #export(batch: Batch): Promise<void> {
    this.#underWay.add(batch)
    const startedAt = performance.now()
    const outcome = await this.#attempt(batch.spans)
    // A process that had to end has counted the batch as dropped.
    if (!this.#underWay.delete(batch)) return
    if (outcome.kind === 'retry' || outcome.kind === 'again') {
      this.#returned.push(batch)
      if (outcome.kind === 'retry') this.#backoff.failed(outcome.retryAfterMs)
    } else {
      this.#count(outcome, batch.spans.length)
      this.#queued -= batch.spans.length
      this.#bytes -= batch.bytes
      this.#backoff.succeeded(startedAt)
    }
    this.#options.report?.(outcome, startedAt)
    this.#resolveFlushes()
    this.#send()
  }

  #count(outcome: SettledOutcome, spans: number): void {
    if (outcome.kind === 'refused') this.#refused += spans
    else if (outcome.kind === 'unconfirmed') this.#unconfirmed += spans
    else {
      this.#refused += outcome.rejected
      this.#exported += spans - outcome.rejected
    }
  }

  async #attempt(spans: ReadableSpan[]): Promise<ExportOutcome> {
    try {
      // Host and process attributes may still be being looked up when the first spans end.
      await spans[0]?.resource.waitForAsyncAttributes?.()
      return await this.#exporter.export(spans, this.#options.exportTimeoutMs)
    } catch (error) {
      return { kind: 'refused', code: 'not sent', reason: String(error) }
    }
  }

  /** Resolves when every span that has ended by now was taken or refused, or after `deadlineMs`. */
  forceFlush(deadlineMs = this.#options.exportTimeoutMs): Promise<void> {
    return this.#flush(this.#queue.end, deadlineMs)
  }

  /** Sends what there is, and what ends meanwhile, for at most `deadlineMs`. What is left then is dropped: resolves to how many those were. */
  async close(deadlineMs: number): Promise<number> {
    await this.#flush(Infinity, deadlineMs)
    this.#hasEnded = true
    clearTimeout(this.#timer)
    this.#queue.clear()
    this.#returned = []
    this.#underWay.clear()
    this.#bytes = 0
    const left = this.#queued
    this.#dropped += left
    this.#queued = 0
    return left
  }

  async shutdown(): Promise<void> {
    if (!this.#hasEnded) await this.close(this.#options.exportTimeoutMs)
    await this.#exporter.shutdown()
  }

  async #flush(upTo: number, deadlineMs: number): Promise<void> {
    if (this.#oldest() >= upTo) return
    await new Promise<void>((resolve) => {
      const flush = { upTo, resolve }
      this.#flushes.push(flush)
      // Unlike the timer that sends, this one keeps the process alive.
      const deadline = setTimeout(() => flush.resolve(), deadlineMs)
      flush.resolve = () => {
        clearTimeout(deadline)
        this.#flushes = this.#flushes.filter((other) => other !== flush)
        resolve()
      }
      // Whatever it was waiting for, this is the time to try.
      this.#backoff.reset()
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#send()
    })
  }

  #resolveFlushes(): void {
    const oldest = this.#oldest()
    for (const { upTo, resolve } of this.#flushes) if (oldest >= upTo) resolve()
  }

  /** Where the oldest span that is still here stands among all that were ever queued. */
  #oldest(): number {
    return Math.min(this.#queue.first, ...[...this.#returned, ...this.#underWay].map(({ first }) => first))
  }
}
