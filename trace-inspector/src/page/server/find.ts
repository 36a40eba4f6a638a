import { Problem } from 'service-kit/problem'
import type { ReceivedSpan } from '../../otlp/span.ts'
import type { Trace } from '../../trace.ts'
import { holds, parseCondition } from '../model/condition.ts'

/** More than this nobody looks at one by one. */
const mostFound = 50_000
const longestCondition = 1000

export interface Found {
  span_ids: string[]
  /** How many there are; the first 50,000 are listed. */
  matches: number
}

/** The spans of a trace for which a comparison holds: of an attribute, or of a field (`kind`, `status`, `message`, `scope`, `event`), or of its resource. */
export function findSpans(trace: Trace, where: unknown): Found {
  const condition = typeof where === 'string' && where.length <= longestCondition ? parseCondition(where) : undefined
  if (!condition)
    throw new Problem(
      400,
      'Bad comparison',
      `where=${JSON.stringify(where ?? '').slice(0, 100)}: expected a name, one of = != < > <= >=, and a value, in at most ${longestCondition} characters`,
    )
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
