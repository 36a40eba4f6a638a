import { genAi } from 'dialects/gen-ai/dialect'
import type { AnalysisStep } from 'findings/step'
import type { ReceivedSpan } from '../otlp/span.ts'

/** A received span as the formulas see a step, and the scenario that it says it is of. */
export interface RevealedStep extends AnalysisStep {
  scenario: string | null
}

export function toAnalysisStep(span: ReceivedSpan): RevealedStep {
  const { name, kind, attributes, service, startMs, endMs, status } = span
  const events = span.events.map((event) => ({ name: event.name, time_ms: event.timeMs, attributes: event.attributes }))
  return {
    ...genAi.read({ name, kind, attributes, events }),
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    name,
    service,
    start_ms: startMs,
    end_ms: endMs,
    failed: status === 'error',
  }
}
