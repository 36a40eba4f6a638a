import type { AnalysisStep } from 'findings/step'
import { ati, genAi, http } from 'dialects/gen-ai/semconv'
import type { ReceivedSpan, Value } from '../otlp/span.ts'
import { extentOf } from '../times.ts'

const textOf = (value: Value | undefined) => (typeof value === 'string' ? value : undefined)

/** What a span did, from what it says itself: a GenAI operation, a word of ours, or an HTTP call. */
function operationOf({ attributes, kind, name }: ReceivedSpan): string {
  const operation = textOf(attributes[genAi.operationName])
  if (operation !== undefined) return operation
  if (attributes[ati.spanKind] !== undefined) return name
  if (kind === 'server') return 'http_server'
  return kind === 'client' && attributes[http.method] !== undefined ? 'http_client' : name
}

/** A received span as the formulas see a step; `originMs` is where its trace begins. */
export function toAnalysisStep(span: ReceivedSpan, originMs: number): AnalysisStep {
  const { startMs, endMs } = extentOf(span, originMs)
  return {
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    operation: operationOf(span),
    name: span.name,
    service: span.service,
    agent_id: textOf(span.attributes[ati.agentId]) ?? null,
    attributes: span.attributes,
    events: span.events.flatMap(({ name, timeMs, attributes }) =>
      timeMs === null ? [] : { name, time_ms: timeMs, attributes },
    ),
    start_ms: startMs,
    end_ms: endMs,
    failed: span.status === 'error',
  }
}
