import type { Random } from 'contract/random'
import type { Dialect } from 'dialects/dialect'
import type { OpenSpan, Recorder } from 'engine/ports'
import type { Served } from 'engine/virtual/tools'

/** Ids are drawn so many at a time: a call to make digits of bytes costs more than all of these. */
const idsAtOnce = 16

/**
 * A recorder that writes nothing while a run goes on: what its spans say stands in the ledger, where they are read when it has
 * ended. It gives them ids, and keeps what the ledger does not.
 */
export class VirtualRecorder implements Recorder {
  readonly dialect: Dialect
  readonly traceId: string
  readonly sampled = true
  readonly traceState = ''
  readonly remoteParentSpanId: string | null
  readonly readsContent = true
  readonly request: VirtualSpan
  /** In the order in which they were opened. */
  readonly spans: VirtualSpan[] = []
  /** How many of them were answered by a service. */
  served = 0
  readonly #ids: Random
  #drawn = ''
  #given = 0

  /** Ids come from `ids`: the same seed makes the same. `below` is the span that its request is below, in another recorder's trace. */
  constructor(dialect: Dialect, ids: Random, below?: { recorder: VirtualRecorder; spanId: string }) {
    this.dialect = dialect
    this.#ids = ids
    const traceId = ids.hex(32)
    this.traceId = below?.recorder.traceId ?? traceId
    this.remoteParentSpanId = below?.spanId ?? null
    this.request = new VirtualSpan(this)
  }

  nextSpanId(): string {
    if (this.#given === this.#drawn.length) {
      this.#drawn = this.#ids.hex(idsAtOnce * 16)
      this.#given = 0
    }
    return this.#drawn.slice(this.#given, (this.#given += 16))
  }
}

/** A span under way, which is no more than its id. */
export class VirtualSpan implements OpenSpan {
  readonly id: string
  /** What a service did for the call that this span stands for, and the id of its span. */
  served: Served | undefined
  servedId = ''
  readonly recorder: VirtualRecorder

  constructor(recorder: VirtualRecorder) {
    this.recorder = recorder
    this.id = recorder.nextSpanId()
    recorder.spans.push(this)
  }

  open(): VirtualSpan {
    return new VirtualSpan(this.recorder)
  }

  /** The call that this span stands for was answered. */
  answered(served: Served): void {
    this.served = served
    this.servedId = this.recorder.nextSpanId()
    this.recorder.served++
  }

  // All of this stands in the ledger.
  learn(): void {}
  event(): void {}
  fail(): void {}
  end(): void {}
  link(): void {}
  /** Nothing crosses a process border here. */
  inject(): void {}
}
