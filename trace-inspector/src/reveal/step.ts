import { genAi } from 'dialects/gen-ai/dialect'
import { genAi as names } from 'dialects/gen-ai/names'
import type { AnalysisStep } from 'findings/step'
import type { ReceivedSpan } from '../otlp/span.ts'
import { extentOf } from '../times.ts'

/** A received span as the formulas see a step, and the scenario that it says it is of. */
export interface RevealedStep extends AnalysisStep {
  scenario: string | null
}

/** `originMs` is where the span's trace begins. */
export function toAnalysisStep(span: ReceivedSpan, originMs: number): RevealedStep {
  const { name, kind, attributes, service, status } = span
  const { startMs, endMs } = extentOf(span, originMs)
  const { [names.toolArguments]: args, [names.toolResult]: result } = attributes
  const events = span.events.flatMap(({ timeMs, ...event }) => (timeMs === null ? [] : { ...event, time_ms: timeMs }))
  return {
    ...genAi.read({ name, kind, attributes, events }),
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    name,
    service,
    start_ms: startMs,
    end_ms: endMs,
    failed: status === 'error',
    ...(span.links.some(({ traceId }) => traceId !== span.traceId) && { linksElsewhere: true }),
    arguments: typeof args === 'string' ? args : undefined,
    result: typeof result === 'string' ? result : undefined,
  }
}
