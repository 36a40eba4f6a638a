import {
  type Context,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api'
import type { SpanRef } from 'contract/handoff'
import type { Operation, RunFacts, Stated, StepEvent } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { Dialect } from 'dialects/dialect'
import type { OpenSpan, Recorder, SpanOpening } from 'engine/ports'
import { randomBytes } from 'node:crypto'
import { failSpan, openSpan, parentOf, spanIdOf } from 'service-kit/spans'

/** What writes spans, the same for all runs of this process. */
export interface SpanWriter {
  tracer: Tracer
  dialect: Dialect
}

/** A recorder of the run that a request asks for: below the request's span, which is the active one of `context`. */
export function recordRun(writer: SpanWriter, context: Context, headers: NodeJS.Dict<string | string[]>): Recorder {
  const span = trace.getSpan(context) ?? trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: TraceFlags.NONE })
  const spanContext = span.spanContext()
  const isTraced = isSpanContextValid(spanContext)
  return {
    dialect: writer.dialect,
    // A run without a trace is found by an id all the same.
    traceId: isTraced ? spanContext.traceId : randomBytes(16).toString('hex'),
    sampled: isTraced && (spanContext.traceFlags & TraceFlags.SAMPLED) !== 0,
    traceState: spanContext.traceState?.serialize() ?? '',
    remoteParentSpanId: remoteParentOf(span, context, headers),
    request: new SdkSpan(writer, span, context),
  }
}

/**
 * The span id of the caller: of the request's own parent, as that was read by whoever opened it. Where nothing is written it is
 * what the headers name, by whatever propagation is configured.
 */
function remoteParentOf(span: Span, context: Context, headers: NodeJS.Dict<string | string[]>): string | null {
  const parent = parentOf(span)
  const remote =
    parent === null ? trace.getSpanContext(propagation.extract(trace.deleteSpan(context), headers)) : parent
  return remote && isSpanContextValid(remote) ? remote.spanId : null
}

const spanKinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const

/** A step's span, by the SDK. */
class SdkSpan implements OpenSpan {
  readonly id: string
  readonly #writer: SpanWriter
  readonly #span: Span
  readonly #above: Context
  /** What it began with. */
  readonly #facts: Stated | undefined
  /** Most spans have nothing below them that would need it. */
  #context: Context | undefined

  constructor(writer: SpanWriter, span: Span, above: Context, facts?: Stated) {
    this.id = spanIdOf(span)
    this.#writer = writer
    this.#span = span
    this.#above = above
    this.#facts = facts
  }

  get #below(): Context {
    return (this.#context ??= trace.setSpan(this.#above, this.#span))
  }

  open({ facts, dependsOn = none }: SpanOpening, agentId: string | null, startMs: number, run: RunFacts): OpenSpan {
    const { tracer, dialect } = this.#writer
    const { traceId, traceFlags } = this.#span.spanContext()
    const span = openSpan(tracer, this.#below, {
      name: dialect.nameOf(facts),
      kind: spanKinds[dialect.kindOf(facts)],
      attributes: dialect.opening(facts, agentId, run),
      links: dependsOn.map(({ span_id }) => ({ context: { traceId, spanId: span_id ?? '', traceFlags } })),
      startMs,
    })
    return new SdkSpan(this.#writer, span, this.#below, facts)
  }

  learn(operation: Operation, facts: Readonly<Record<string, unknown>>): void {
    this.#span.setAttributes(this.#writer.dialect.learned(operation, facts, this.#facts))
  }

  event(event: StepEvent): void {
    if (!this.#writer.dialect.writesEvent(event.name)) return
    this.#span.addEvent(event.name, this.#writer.dialect.eventAttributes(event), event.time_ms)
  }

  fail(errorType: string, message: string): void {
    failSpan(this.#span, errorType, message)
  }

  end(endMs: number): void {
    this.#span.end(endMs)
  }

  link({ trace_id: traceId, span_id: spanId }: SpanRef): void {
    this.#span.addLink({ context: { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true } })
  }

  inject(headers: Record<string, string>): void {
    propagation.inject(this.#below, headers)
  }
}

const none: readonly LedgerStep[] = []
