import type { ReceivedSpan } from './otlp/span.ts'
import { Evicted } from './evicted.ts'
import { Sizes } from './size.ts'
import { emptyTraceBytes, type Opening, Trace } from './trace.ts'

const mostServices = 1000

/**
 * The traces of the recent past. Their number is bounded by the memory that their spans take: those go first that nothing
 * came of for longest, and last those that somebody waits for, which hold half of it at most.
 */
export class Traces {
  /** An estimate of what all spans may take. */
  readonly maxBytes: number
  /** In the order of their last arrival. */
  readonly #byId = new Map<string, Trace>()
  readonly #arrivals = new Map<string, Set<() => void>>()
  /** How many wait for a trace. */
  readonly #awaited = new Map<string, number>()
  readonly #evicted: Evicted
  /** Services that spans have ever come from: the first of them, for anybody may send names. */
  readonly #services = new Set<string>()
  #bytes = 0
  #forgotten = 0
  #duplicates = 0
  #spans = 0

  /** `overlapMs` is for how long another may still take spans that are for this one. */
  constructor(maxBytes: number, overlapMs = 0) {
    this.maxBytes = maxBytes
    this.#evicted = new Evicted(Math.floor(maxBytes / emptyTraceBytes), overlapMs)
  }

  /** Whether spans of a trace were here and are not any more. */
  hasEvicted(traceId: string): boolean {
    return this.#evicted.has(traceId) || (this.find(traceId)?.rejected ?? 0) > 0
  }

  /** Whether any span of a service has ever come. */
  hasSeen(service: string): boolean {
    return this.#services.has(service) || this.#services.size >= mostServices
  }

  /** Since when it is known which traces were here, on the clock of `performance.now()`. */
  get knowsSince(): number {
    return this.#evicted.knownSince
  }

  /** How many traces went because there was no room for them any more. */
  get forgotten(): number {
    return this.#forgotten
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

  /**
   * Assembles spans to traces. Rejected are those of a trace that alone would exceed the bound. Those of a file that were
   * here before it was opened have not come again: it may well hold what was received.
   */
  add(spans: readonly ReceivedSpan[], opening?: Opening): { rejected: number; reason: string } {
    let rejected = 0
    const sizes = new Map<Trace, Sizes>()
    const touched = new Set<string>()
    for (const span of spans) {
      const trace = this.#open(span.traceId, !touched.has(span.traceId), opening)
      touched.add(span.traceId)
      if (this.#services.size < mostServices) this.#services.add(span.service)
      if (trace.spans.has(span.spanId)) {
        if (opening && trace.opening !== opening) {
          opening.known++
          continue
        }
        trace.add(span)
        this.#duplicates++
        continue
      }
      // Each trace keeps what its spans share, whatever becomes of others that came with it.
      const sizesHere = sizes.get(trace) ?? new Sizes()
      sizes.set(trace, sizesHere)
      const bytes = sizesHere.of(span)
      if (trace.bytes + bytes > this.maxBytes) {
        sizesHere.takeBack()
        rejected++
        trace.rejected++
        this.#makeRoom(trace)
        continue
      }
      trace.add(span, bytes)
      this.#spans++
      this.#bytes += bytes
      this.#makeRoom(trace)
    }
    for (const traceId of touched) this.#tell(traceId)
    return { rejected, reason: rejected > 0 ? 'a trace alone takes all the memory there is (INSPECTOR_MIB)' : '' }
  }

  /** A trace that spans have come of; of each request its first span makes it the last that something came of. */
  #open(traceId: string, isFirst: boolean, opening: Opening | undefined): Trace {
    const known = this.#byId.get(traceId)
    if (known && !isFirst) return known
    const trace = known ?? new Trace(traceId, opening)
    if (known) this.#byId.delete(traceId)
    else {
      this.#bytes += trace.bytes
      opening?.opens(trace)
    }
    this.#byId.set(traceId, trace)
    return trace
  }

  #makeRoom(newest: Trace): void {
    if (this.#bytes <= this.maxBytes) return
    let awaitedBytes = 0
    for (const traceId of this.#awaited.keys()) awaitedBytes += this.find(traceId)?.bytes ?? 0
    for (const areAllToGo of [false, true])
      for (const trace of this.#byId.values()) {
        if (this.#bytes <= this.maxBytes) return
        const isAwaited = this.#awaited.has(trace.id)
        const isKept = isAwaited && !areAllToGo && awaitedBytes <= this.maxBytes / 2
        if (trace === newest || isKept) continue
        if (isAwaited) awaitedBytes -= trace.bytes
        this.#evict(trace)
      }
  }

  #evict(trace: Trace): void {
    this.#byId.delete(trace.id)
    this.#bytes -= trace.bytes
    this.#spans -= trace.spans.size
    this.#forgotten++
    if (trace.opening) trace.opening.kept--
    this.#evicted.add(trace.id)
    this.#tell(trace.id)
  }

  #tell(traceId: string): void {
    this.#arrivals.get(traceId)?.forEach((tell) => tell())
  }

  /** Keeps a trace, as long as there is room for it, until what is returned is called. */
  await(traceId: string): () => void {
    this.#awaited.set(traceId, (this.#awaited.get(traceId) ?? 0) + 1)
    return () => {
      const others = (this.#awaited.get(traceId) ?? 0) - 1
      if (others > 0) this.#awaited.set(traceId, others)
      else this.#awaited.delete(traceId)
    }
  }

  find(traceId: string): Trace | undefined {
    return this.#byId.get(traceId)
  }

  /** The newest first. */
  recent(limit: number): Trace[] {
    return [...this.#byId.values()].slice(-limit).reverse()
  }

  /** Resolves when more spans of a trace have come, when it had to go, or when `signal` is aborted. */
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
