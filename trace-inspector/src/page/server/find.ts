import type { ReceivedSpan } from '../../otlp/span.ts'
import type { Trace } from '../../trace.ts'
import { type Condition, holds } from '../model/condition.ts'

/** More than this nobody looks at one by one. */
const mostFound = 50_000

export interface Found {
  span_ids: string[]
  /** How many there are; the first 50,000 are listed. */
  matches: number
}

/** The spans of a trace for which a comparison holds: of an attribute, of a field, or of the resource. */
export function findSpans(trace: Trace, condition: Condition): Found {
  const found: Found = { span_ids: [], matches: 0 }
  for (const span of trace.spans.values()) {
    if (!holds(condition, valueOf(span, condition.key))) continue
    if (found.matches++ < mostFound) found.span_ids.push(span.spanId)
  }
  return found
}

/** What is no attribute of a span is looked up among its fields. */
function valueOf(span: ReceivedSpan, key: string): unknown {
  if (Object.hasOwn(span.attributes, key)) return span.attributes[key]
  switch (key) {
    case 'status':
      return span.status
    case 'kind':
      return span.kind
    case 'message':
      return span.statusMessage || undefined
    case 'scope':
      return span.scope.name
    case 'event':
      return span.events.map(({ name }) => name)
    default:
      return Object.hasOwn(span.resource, key) ? span.resource[key] : undefined
  }
}
