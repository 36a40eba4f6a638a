import type { Operation, RunFacts, StepEvent } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { Random } from 'contract/random'
import type { Dialect } from 'dialects/dialect'
import type { OpenSpan, Recorder, SpanOpening } from 'engine/ports'
import { type Attributes, type FinishedSpan, spanKind } from './otlp/span.ts'

/** Takes a span that has ended, and the service that made it. */
export type Finish = (service: string, span: FinishedSpan) => void

/** What the spans of one run have in common. */
export interface Trace {
  readonly id: string
  readonly dialect: Dialect
  /** Span ids come from here: the same seed makes the same. */
  readonly ids: Random
  readonly service: string
  readonly finish: Finish
}

/** A recorder whose spans are handed over as they end. `request` is what the request's span begins with. */
export function recordVirtually(
  trace: Trace,
  request: { name: string; startMs: number; attributes: Attributes },
): Recorder & { readonly request: VirtualSpan } {
  return {
    dialect: trace.dialect,
    traceId: trace.id,
    sampled: true,
    traceState: '',
    remoteParentSpanId: null,
    request: new VirtualSpan(trace, '', request.name, spanKind.server, request.startMs, { ...request.attributes }),
  }
}

/** A span under way: attributes as the dialect writes them, until it ends. */
export class VirtualSpan implements OpenSpan {
  readonly id: string
  readonly #trace: Trace
  readonly #parentId: string
  readonly #name: string
  readonly #kind: FinishedSpan['kind']
  readonly #startMs: number
  readonly #attributes: Record<string, Attributes[string]>
  #events: FinishedSpan['events'][number][] | undefined
  #links: readonly string[] = none
  #failure: string | undefined

  constructor(
    trace: Trace,
    parentId: string,
    name: string,
    kind: FinishedSpan['kind'],
    startMs: number,
    attributes: Record<string, Attributes[string]>,
  ) {
    this.id = trace.ids.hex(16)
    this.#trace = trace
    this.#parentId = parentId
    this.#name = name
    this.#kind = kind
    this.#startMs = startMs
    this.#attributes = attributes
  }

  open({ facts, dependsOn }: SpanOpening, agentId: string | null, startMs: number, run: RunFacts): VirtualSpan {
    const { dialect } = this.#trace
    const kind = spanKind[dialect.kindOf(facts)]
    const span = new VirtualSpan(
      this.#trace,
      this.id,
      dialect.nameOf(facts),
      kind,
      startMs,
      written(dialect.opening(facts, agentId, run)),
    )
    if (dependsOn) span.#links = dependsOn.map(({ span_id }) => span_id ?? '')
    return span
  }

  learn(operation: Operation, facts: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#attributes, this.#trace.dialect.learned(operation, facts))
  }

  /** Attributes that no fact stands for. */
  set(attributes: Attributes): void {
    Object.assign(this.#attributes, attributes)
  }

  event(event: StepEvent): void {
    const attributes = written(this.#trace.dialect.eventAttributes(event))
    ;(this.#events ??= []).push({ name: event.name, timeMs: event.time_ms, attributes })
  }

  fail(errorType: string, message: string): void {
    this.#attributes['error.type'] = errorType
    this.#failure = message
  }

  end(endMs: number, _step?: LedgerStep): void {
    const { id, service, finish } = this.#trace
    finish(service, {
      traceId: id,
      spanId: this.id,
      parentSpanId: this.#parentId,
      name: this.#name,
      kind: this.#kind,
      startMs: this.#startMs,
      endMs,
      attributes: this.#attributes,
      events: this.#events ?? none,
      links: this.#links,
      failure: this.#failure,
      isRemoteParent: false,
    })
  }

  /** Writes the span of a service that was called: below this one, in another process. */
  finishRemote(
    service: string,
    span: Omit<FinishedSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'isRemoteParent'>,
  ): void {
    const { id, ids, finish } = this.#trace
    finish(service, { ...span, traceId: id, spanId: ids.hex(16), parentSpanId: this.id, isRemoteParent: true })
  }

  /** Nothing crosses a process border here. */
  inject(): void {}
}

/** What a dialect makes of facts that are stated: content in them is text, of which only the ledger keeps a hash. */
const written = (attributes: object) => attributes as Record<string, Attributes[string]>

const none: never[] = []
