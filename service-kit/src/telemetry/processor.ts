import type { Context } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { BatchExporter, ExportOutcome } from './exporter.ts'

export interface SpanCounters {
  /** Sampled spans that ended; always the sum of the other four. */
  created: number
  /** Taken by the collector. */
  exported: number
  /** Waiting or under way. */
  queued: number
  /** Turned down by the collector for good. */
  refused: number
  /** Never sent: the queue was full, or the process had to end. */
  dropped: number
}

export interface ProcessorOptions {
  /** Spans that are kept at most, those under way included. */
  maxQueueSpans: number
  /** Estimated bytes that are kept at most, those under way included. */
  maxQueueBytes: number
  maxBatchSpans: number
  /** Estimated bytes of one export; a span that is bigger is sent alone. */
  maxBatchBytes: number
  /** How long a span waits for others at most, ms. */
  delayMs: number
  /** Exports under way at the same time. */
  parallelExports: number
  /** When an export that never ends counts as failed, ms. */
  exportTimeoutMs: number
  /** First and longest pause after a failure that may pass, ms; it doubles in between. */
  backoffMs: number
  maxBackoffMs: number
  /** Told of every export's end, and of spans that had to be dropped. */
  report?: (outcome: ExportOutcome | { kind: 'dropped'; spans: number }) => void
}

interface Batch {
  spans: ReadableSpan[]
  bytes: number
}

const flatBytes = 700
const attributeBytes = 50

/** A rough upper guess of what a span takes in OTLP/JSON, in bytes: only long strings make it far from the average. */
export function estimateBytes(span: ReadableSpan): number {
  let bytes = flatBytes + span.links.length * 200
  const add = (attributes: Record<string, unknown>) => {
    for (const name in attributes) {
      const value = attributes[name]
      bytes +=
        attributeBytes +
        name.length +
        (typeof value === 'string' ? value.length : Array.isArray(value) ? String(value).length : 8)
    }
  }
  add(span.attributes)
  for (const event of span.events) {
    bytes += 100
    if (event.attributes) add(event.attributes)
  }
  return bytes
}

/**
 * Loses no span within a stated bound. The SDK's own processor drops a batch that failed, and has one export under way at
 * a time behind a short queue; this one keeps a batch until the collector took it or refused it, pauses and tries again,
 * and counts whatever it cannot keep. An export that timed out is sent again, so a receiver may see a span twice.
 */
export class RetainingSpanProcessor implements SpanProcessor {
  readonly #exporter: BatchExporter
  readonly #options: ProcessorOptions
  #spans: ReadableSpan[] = []
  #sizes: number[] = []
  #returned: Batch[] = []
  #bytes = 0
  #underWay = 0
  #nextBackoffMs: number
  #pausedUntil = 0
  #timer: NodeJS.Timeout | undefined
  #flushing = 0
  #ended = false
  #created = 0
  #exported = 0
  #refused = 0
  #dropped = 0
  #whenSettled: { target: number; resolve: () => void }[] = []

  constructor(exporter: BatchExporter, options: ProcessorOptions) {
    this.#exporter = exporter
    this.#options = options
    this.#nextBackoffMs = options.backoffMs
  }

  counters(): SpanCounters {
    const settled = this.#exported + this.#refused + this.#dropped
    return {
      created: this.#created,
      exported: this.#exported,
      queued: this.#created - settled,
      refused: this.#refused,
      dropped: this.#dropped,
    }
  }

  onStart(_span: unknown, _parentContext: Context): void {}

  onEnd(span: ReadableSpan): void {
    this.#created++
    const bytes = estimateBytes(span)
    const { maxQueueSpans, maxQueueBytes, maxBatchSpans } = this.#options
    const isFull = this.counters().queued > maxQueueSpans || this.#bytes + bytes > maxQueueBytes
    if (this.#ended || isFull) return this.#drop(1)
    this.#spans.push(span)
    this.#sizes.push(bytes)
    this.#bytes += bytes
    if (this.#spans.length >= maxBatchSpans) this.#send()
    else this.#schedule(this.#options.delayMs)
  }

  #drop(spans: number): void {
    this.#dropped += spans
    this.#options.report?.({ kind: 'dropped', spans })
  }

  #schedule(inMs: number): void {
    if (this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#send(true)
    }, inMs)
    this.#timer.unref()
  }

  /** Starts as many exports as may be under way. A batch that is not full waits for the timer, unless `all`. */
  #send(all = false): void {
    const pauseMs = this.#pausedUntil - performance.now()
    if (pauseMs > 0) return this.#schedule(pauseMs)
    while (this.#underWay < this.#options.parallelExports) {
      const isReady = this.#returned.length > 0 || this.#spans.length >= this.#options.maxBatchSpans
      if (!isReady && !((all || this.#flushing > 0) && this.#spans.length > 0)) break
      void this.#export(this.#returned.shift() ?? this.#cutBatch())
    }
    if (this.#underWay === 0 && this.#spans.length > 0) this.#schedule(this.#options.delayMs)
  }

  #cutBatch(): Batch {
    const { maxBatchSpans, maxBatchBytes } = this.#options
    let count = 0
    let bytes = 0
    while (count < Math.min(this.#spans.length, maxBatchSpans)) {
      const next = this.#sizes[count] as number
      if (count > 0 && bytes + next > maxBatchBytes) break
      bytes += next
      count++
    }
    this.#sizes.splice(0, count)
    return { spans: this.#spans.splice(0, count), bytes }
  }

  async #export(batch: Batch): Promise<void> {
    this.#underWay++
    // Host and process attributes may still be being looked up when the first spans end.
    await batch.spans[0]?.resource.waitForAsyncAttributes?.()
    const outcome = await this.#exporter.export(batch.spans, this.#options.exportTimeoutMs)
    this.#underWay--
    if (outcome.kind === 'retry') {
      this.#returned.push(batch)
      this.#pausedUntil = performance.now() + this.#nextBackoffMs
      this.#nextBackoffMs = Math.min(this.#nextBackoffMs * 2, this.#options.maxBackoffMs)
    } else {
      const refused = outcome.kind === 'refused' ? batch.spans.length : Math.min(outcome.rejected, batch.spans.length)
      this.#refused += refused
      this.#exported += batch.spans.length - refused
      this.#bytes -= batch.bytes
      this.#nextBackoffMs = this.#options.backoffMs
      this.#pausedUntil = 0
      this.#settle()
    }
    this.#options.report?.(outcome)
    this.#send(outcome.kind !== 'retry')
  }

  #settle(): void {
    const settled = this.#exported + this.#refused + this.#dropped
    this.#whenSettled = this.#whenSettled.filter(({ target, resolve }) => {
      if (settled >= target) resolve()
      return settled < target
    })
  }

  /** Resolves when every span that has ended by now was taken, refused or dropped. */
  async forceFlush(): Promise<void> {
    const target = this.#created
    if (this.counters().queued === 0) return
    this.#flushing++
    const settled = new Promise<void>((resolve) => this.#whenSettled.push({ target, resolve }))
    this.#send()
    // A flush keeps the process alive, unlike the timer that may be all that is under way.
    const alive = setInterval(() => {}, 1000)
    await settled
    clearInterval(alive)
    this.#flushing--
  }

  /** Flushes for at most `deadlineMs`; what is left then is dropped, and counted. Resolves to how many that were. */
  async close(deadlineMs: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)))
    await Promise.race([this.forceFlush(), deadline])
    clearTimeout(timer)
    clearTimeout(this.#timer)
    this.#ended = true
    const left = this.counters().queued
    if (left > 0) this.#drop(left)
    this.#spans = []
    this.#returned = []
    return left
  }

  async shutdown(): Promise<void> {
    if (!this.#ended) await this.close(this.#options.exportTimeoutMs)
    await this.#exporter.shutdown()
  }
}
