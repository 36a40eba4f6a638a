import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { RandomIdGenerator } from '@opentelemetry/sdk-trace'

export interface SpanOpening {
  name: string
  kind: SpanKind
  /** Those that samplers need are given here, at the start. */
  attributes: Attributes
  links?: Link[]
  /** Milliseconds since the epoch, with fraction: the SDK's own times are floored to the millisecond. */
  startMs: number
}

/** Opens a span below `parent`, which is passed and never read from the active context. Whoever opens it ends it. */
export function openSpan(tracer: Tracer, parent: Context, opening: SpanOpening): Span {
  const { name, kind, attributes, links = [], startMs } = opening
  return tracer.startSpan(name, { kind, attributes, links, startTime: startMs }, parent)
}

/** Marks a span as failed. A span that went well stays UNSET: OK is for people to say. */
export function failSpan(span: Span, errorType: string, message?: string): void {
  span.setAttribute('error.type', errorType)
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) })
}

/** What a span that is written is below, undefined where it is a root; null of one that is not, which does not know. */
export function parentOf(span: Span): SpanContext | undefined | null {
  // The API's span does not tell it; the SDK's does.
  return span.isRecording() ? (span as { parentSpanContext?: SpanContext }).parentSpanContext : null
}

/** Makes a call of which no instrumentation makes a span, and to which none adds a trace. */
export function untraced<T>(call: () => T): T {
  return context.with(suppressTracing(context.active()), call)
}

const ids = new RandomIdGenerator()

/** The span's id, or one that nobody else has where the SDK is off and spans have none. */
export function spanIdOf(span: Span): string {
  const context = span.spanContext()
  return isSpanContextValid(context) ? context.spanId : ids.generateSpanId()
}
