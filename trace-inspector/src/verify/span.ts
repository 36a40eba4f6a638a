import type { ReceivedSpan } from '../otlp/span.ts'
import { compareAttributes } from './attributes.ts'
import type { Carrier } from './carrier.ts'
import type { Found } from './difference.ts'
import { compareEvents } from './events.ts'
import type { Expectation } from './expectation.ts'

/**
 * SERVER spans are another process's, or the standard instrumentation's in whole milliseconds: they begin after the request
 * was sent and may end after its answer was read, ms.
 */
export const serverTolerance = { start: 2, end: 250 }

/** What became of one span; whether its parent arrived is for who knows all spans. */
export function compareSpan(expectation: Expectation, span: ReceivedSpan, traceId: string, carrier: Carrier): Found[] {
  const { step, parentSpanId } = expectation
  const found: Found[] = []
  const expect = (kind: Found['kind'], expected: unknown, actual: unknown) => {
    if (expected !== actual) found.push({ kind, expected, actual })
  }
  expect('reparented', parentSpanId, span.parentSpanId)
  expect('renamed', step.name, span.name)
  expect('kind_changed', step.kind, span.kind)
  expect('service_changed', step.service, span.service)
  expect('status_changed', step.status, span.status)
  found.push(...compareTimes(expectation, span, carrier))
  // The ledger has no attributes of a SERVER span: an instrumentation may have written it.
  if (step.operation === 'http_server') return found
  found.push(...compareAttributes(step.attributes, span.attributes, carrier))
  found.push(...compareEvents(step.events, span.events, carrier))
  found.push(...compareLinks(step.links, span.links, traceId))
  return found
}

function compareTimes({ step, parent }: Expectation, span: ReceivedSpan, carrier: Carrier): Found[] {
  // A time that is not known is as none that is expected.
  const { startMs, endMs } = { startMs: span.startMs ?? NaN, endMs: span.endMs ?? NaN }
  const start = step.start_ms
  const end = start + (step.duration_ms as number)
  if (step.operation === 'http_server') {
    // A tool's span lies within the call; a request's begins before its run, and both end with the answer.
    const { start: before, end: after } = serverTolerance
    const isWithin = parent
      ? startMs >= start - before && startMs <= end && endMs <= end + after
      : startMs >= start - after && startMs <= start + before && Math.abs(endMs - end) <= after
    if (isWithin && endMs >= startMs) return []
  } else {
    const tolerance = carrier.timeToleranceMs
    if (Math.abs(startMs - start) <= tolerance && Math.abs(endMs - end) <= tolerance) return []
  }
  return [
    {
      kind: 'time_changed',
      expected: { start_ms: start, end_ms: end },
      actual: { start_ms: span.startMs, end_ms: span.endMs },
    },
  ]
}

/** Links lead to spans of the same trace; their order means nothing. */
function compareLinks(
  written: readonly { span_id: string }[],
  arrived: ReceivedSpan['links'],
  traceId: string,
): Found[] {
  const open = new Map(arrived.map((link) => [`${link.traceId}-${link.spanId}`, link]))
  const lost = written.filter(({ span_id }) => !open.delete(`${traceId}-${span_id}`))
  return [
    ...lost.map((link): Found => ({ kind: 'link_lost', expected: link, actual: null })),
    ...[...open.values()].map(({ traceId, spanId }): Found => ({
      kind: 'link_added',
      expected: null,
      actual: { trace_id: traceId, span_id: spanId },
    })),
  ]
}
