import type { ReceivedSpan } from './otlp/span.ts'
import { Trace } from './trace.ts'

/** The traces of the recent past. Their number is bounded by the memory that their spans take; the oldest go first. */
export class Traces {
  readonly #maxBytes: number
  readonly #byId = new Map<string, Trace>()
  readonly #arrivals = new Map<string, Set<() => void>>()
  #bytes = 0
  #forgotten = 0
  #turnedAway = 0
  #duplicates = 0
  #spans = 0

  /** `maxBytes` is an estimate of what the spans take. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** How many traces went because there was no room for them any more. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** Spans that found no room: their own trace takes all there is. */
  get turnedAway(): number {
    return this.#turnedAway
  }

  /** Spans that came again, ever. */
  get duplicates(): number {
    return this.#duplicates
  }

  get size(): number {
    return this.#byId.size
  }

  /** Of all traces that are here. */
  get spans(): number {
    return this.#spans
  }

  /** Assembles spans to traces. Rejected are those of a trace that alone would exceed the bound. */
  add(spans: readonly ReceivedSpan[]): { rejected: number; reason: string } {
    let rejected = 0
    const touched = new Set<string>()
    for (const span of spans) {
      const trace = this.#open(span.traceId)
      touched.add(span.traceId)
      if (trace.bytes > this.#maxBytes && !trace.spans.has(span.spanId)) {
        rejected++
        continue
      }
      const before = trace.bytes
      if (trace.add(span)) this.#spans++
      else this.#duplicates++
      this.#bytes += trace.bytes - before
      this.#makeRoom(trace)
    }
    this.#turnedAway += rejected
    for (const traceId of touched) this.#arrivals.get(traceId)?.forEach((tell) => tell())
    return { rejected, reason: rejected > 0 ? 'a trace alone takes all the memory there is (INSPECTOR_MIB)' : '' }
  }

  #open(traceId: string): Trace {
    const known = this.#byId.get(traceId)
    if (known) return known
    const trace = new Trace(traceId)
    this.#byId.set(traceId, trace)
    this.#bytes += trace.bytes
    return trace
  }

  #makeRoom(newest: Trace): void {
    for (const [traceId, trace] of this.#byId) {
      if (this.#bytes <= this.#maxBytes) return
      if (trace === newest) continue
      this.#byId.delete(traceId)
      this.#bytes -= trace.bytes
      this.#spans -= trace.spans.size
      this.#forgotten++
    }
  }

  find(traceId: string): Trace | undefined {
    return this.#byId.get(traceId)
  }

  /** The newest first. */
  recent(limit: number): Trace[] {
    return [...this.#byId.values()].slice(-limit).reverse()
  }

  /** Resolves when more spans of a trace have come, or `signal` is aborted. */
  arrival(traceId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const tellers = this.#arrivals.get(traceId) ?? new Set()
      this.#arrivals.set(traceId, tellers)
      const tell = () => {
        tellers.delete(tell)
        if (tellers.size === 0 && this.#arrivals.get(traceId) === tellers) this.#arrivals.delete(traceId)
        signal.removeEventListener('abort', tell)
        resolve()
      }
      tellers.add(tell)
      signal.addEventListener('abort', tell)
      if (signal.aborted) tell()
    })
  }
}
