import { contentFacts } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { Random } from 'contract/random'
import type { Dialect } from 'dialects/dialect'
import type { OpenSpan, Recorder, SpanOpening } from 'engine/ports'
import type { Served } from 'engine/virtual/tools'

/** Facts that are content, as they were stated: the ledger keeps only what it takes to know them again. */
type Stated = Record<string, unknown>

/**
 * A recorder that writes nothing while a run goes on: what its spans say stands in the ledger, where they are read when it has
 * ended. It gives them ids, and keeps what the ledger does not.
 */
export class VirtualRecorder implements Recorder {
  readonly dialect: Dialect
  readonly traceId: string
  readonly sampled = true
  readonly traceState = ''
  readonly remoteParentSpanId = null
  readonly request: VirtualSpan
  /** What a service did for a call, and the id of its span, by the id of the calling span. */
  readonly served = new Map<string, Served & { spanId: string }>()
  /** By span id. */
  readonly content = new Map<string, Stated>()
  readonly #ids: Random

  /** Ids come from `ids`: the same seed makes the same. */
  constructor(dialect: Dialect, ids: Random) {
    this.dialect = dialect
    this.#ids = ids
    this.traceId = ids.hex(32)
    this.request = new VirtualSpan(this)
  }

  nextSpanId(): string {
    return this.#ids.hex(16)
  }
}

/** A span under way, which is no more than its id. */
export class VirtualSpan implements OpenSpan {
  readonly id: string
  readonly #recorder: VirtualRecorder

  constructor(recorder: VirtualRecorder) {
    this.#recorder = recorder
    this.id = recorder.nextSpanId()
  }

  open({ facts }: SpanOpening): VirtualSpan {
    const span = new VirtualSpan(this.#recorder)
    span.#keepContent(facts)
    return span
  }

  learn(_operation: string, facts: Readonly<Record<string, unknown>>): void {
    this.#keepContent(facts)
  }

  #keepContent(facts: object): void {
    for (const name in facts) {
      if (!contentFacts.has(name)) continue
      const value = (facts as Stated)[name]
      if (value === undefined) continue
      const { content } = this.#recorder
      const kept = content.get(this.id)
      if (kept) kept[name] = value
      else content.set(this.id, { [name]: value })
    }
  }

  /** The call that this span stands for was answered. */
  answered(served: Served): void {
    this.#recorder.served.set(this.id, { ...served, spanId: this.#recorder.nextSpanId() })
  }

  // All of this stands in the ledger.
  event(): void {}
  fail(): void {}
  end(_endMs: number, _step: LedgerStep): void {}
  /** Nothing crosses a process border here. */
  inject(): void {}
}
