import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** Spans that go together. */
export interface Batch {
  spans: ReadableSpan[]
  /** How many they are. */
  count: number
  /** As estimated. */
  bytes: number
  /** Where its first span stood among all that were ever queued, from 0. */
  first: number
}

export interface BatchLimits {
  maxBatchSpans: number
  /** Estimated bytes of a batch; a span that is bigger makes one of its own. */
  maxBatchBytes: number
}

/** Ended spans in their order, until they are taken out in batches. */
export class SpanQueue {
  readonly #limits: BatchLimits
  #spans: ReadableSpan[] = []
  #sizes: number[] = []
  #taken = 0

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  get length(): number {
    return this.#spans.length
  }

  /** Where the oldest span stands among all that were ever queued. */
  get first(): number {
    return this.#taken
  }

  /** Where the next span will stand. */
  get end(): number {
    return this.#taken + this.#spans.length
  }

  get hasFullBatch(): boolean {
    return this.#spans.length >= this.#limits.maxBatchSpans
  }

  push(span: ReadableSpan, bytes: number): void {
    this.#spans.push(span)
    this.#sizes.push(bytes)
  }

  /** Takes out as many of the oldest as the limits allow; at least one, so there has to be one. */
  take(): Batch {
    const { maxBatchSpans, maxBatchBytes } = this.#limits
    let count = 0
    let bytes = 0
    for (; count < Math.min(this.#spans.length, maxBatchSpans); count++) {
      const next = this.#sizes[count] as number
      if (count > 0 && bytes + next > maxBatchBytes) break
      bytes += next
    }
    const first = this.#taken
    this.#taken += count
    this.#sizes.splice(0, count)
    return { spans: this.#spans.splice(0, count), count, bytes, first }
  }

  clear(): void {
    this.#spans = []
    this.#sizes = []
  }
}
