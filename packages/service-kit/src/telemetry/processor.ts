import { type Context, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { BatchExporter, ExportOutcome } from './outcome.ts'
import { type Batch, type BatchLimits, SpanQueue } from './queue.ts'
import { type BatchSource, Sender, type SenderOptions, type SentCounters, type SettledOutcome } from './sender.ts'
import { estimateBytes } from './size.ts'

export interface SpanCounters extends SentCounters {
  /** Sampled spans that ended; always the sum of exported, queued, refused, unconfirmed and dropped. */
  created: number
  /** Waiting or under way. */
  queued: number
  /** Given up: the queue was full, or the process had to end. */
  dropped: number
}

export interface ProcessorOptions extends BatchLimits, SenderOptions {
  /** Spans that are kept at most, those under way included. */
  maxQueueSpans: number
  /** Estimated bytes that are kept at most, those under way included. */
  maxQueueBytes: number
  /** How long a span waits for others at most, ms. */
  delayMs: number
}

/**
 * Loses no span within a stated bound. The SDK's own processor drops a batch that failed, and has one export under way at
 * a time behind a short queue; this one keeps a batch until the collector took it or refused it, pauses and tries again,
 * and counts whatever it cannot keep.
 */
export class RetainingSpanProcessor implements SpanProcessor, BatchSource<Batch> {
  readonly #exporter: BatchExporter
  readonly #options: ProcessorOptions
  /** In no batch yet; the first of them waits until `#dueAt` at most. */
  readonly #queue: SpanQueue
  #dueAt = 0
  readonly #sender: Sender<Batch>
  /** Of all that is kept. */
  #bytes = 0
  #flushes: { upTo: number; resolve: () => void }[] = []
  #hasEnded = false
  #created = 0
  #queued = 0
  #dropped = 0

  constructor(exporter: BatchExporter, options: ProcessorOptions) {
    this.#exporter = exporter
    this.#options = options
    this.#queue = new SpanQueue(options)
    this.#sender = new Sender(this, options)
  }

  counters(): SpanCounters {
    return {
      created: this.#created,
      exported: this.#sender.counters.exported,
      queued: this.#queued,
      refused: this.#sender.counters.refused,
      unconfirmed: this.#sender.counters.unconfirmed,
      dropped: this.#dropped,
      resent: this.#sender.counters.resent,
    }
  }

  /** Where the next span that is kept will stand among all that ever were. */
  get end(): number {
    return this.#queue.end
  }

  /** How many of the first `end` spans that were ever kept are here still, waiting or under way: they need not leave in order. */
  keptBefore(end: number): number {
    const { first, length: count } = this.#queue
    return [{ first, count }, ...this.#sender.kept].reduce(
      (sum, part) => sum + Math.max(0, Math.min(part.count, end - part.first)),
      0,
    )
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
    if (isFirst || this.#queue.hasFullBatch) this.#sender.send()
  }

  /** A batch that is not full waits for more spans, unless its time has come. */
  next(now: number): Batch | undefined {
    const isDue = this.#queue.length > 0 && (now >= this.#dueAt || this.#flushes.length > 0)
    return isDue || this.#queue.hasFullBatch ? this.#queue.take() : undefined
  }

  leftMs(now: number): number | undefined {
    return this.#queue.length > 0 ? this.#dueAt - now : undefined
  }

  async attempt({ spans }: Batch, timeoutMs: number): Promise<ExportOutcome> {
    // Host and process attributes may still be being looked up when the first spans end.
    await spans[0]?.resource.waitForAsyncAttributes?.()
    return this.#exporter.export(spans, timeoutMs)
  }

  ended(batch: Batch, outcome: SettledOutcome | undefined): void {
    if (outcome) {
      this.#queued -= batch.count
      this.#bytes -= batch.bytes
    }
    this.#resolveFlushes()
  }

  /** Resolves when every span that has ended by now was taken or refused, or after `deadlineMs`. */
  forceFlush(deadlineMs = this.#options.exportTimeoutMs): Promise<void> {
    return this.#flush(this.end, deadlineMs)
  }

  /** Sends what there is, and what ends meanwhile, for at most `deadlineMs`. What is left then is dropped: resolves to how many those were. */
  async close(deadlineMs: number): Promise<number> {
    await this.#flush(Infinity, deadlineMs)
    this.#hasEnded = true
    this.#queue.clear()
    this.#sender.giveUp()
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
    if (this.keptBefore(upTo) === 0) return
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
      this.#sender.hurry()
    })
  }

  #resolveFlushes(): void {
    for (const { upTo, resolve } of this.#flushes) if (this.keptBefore(upTo) === 0) resolve()
  }
}
