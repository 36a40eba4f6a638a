import type { ReceivedSpan } from '../otlp/span.ts'
import { compareAttributes } from './attributes.ts'
import type { Transport } from './transport.ts'
import type { Found } from './difference.ts'
import { compareEnvelope } from './envelope.ts'
import { compareEvents } from './events.ts'
import type { Expectation } from './expectation.ts'
import { clockOf, clockTolerance, latestStart, type Skew } from './skew.ts'
import type { Terms } from './terms.ts'

/**
 * SERVER spans end when their process hears that the answer is out, which may be long after it was read: a busy machine holds
 * a process up for as long as it likes, ms. The pipeline is not to be blamed for that.
 */
const heldUpMs = 5000

/** What became of one span; whether its parent arrived is for who knows all spans. */
export function compareSpan(expectation: Expectation, span: ReceivedSpan, terms: Terms): Found[] {
  const { transport, skew } = terms
  const { step, parentSpanId } = expectation
  const found: Found[] = []
  const expect = (kind: Found['kind'], expected: unknown, actual: unknown) => {
    if (expected !== actual) found.push({ kind, expected, actual })
  }
  expect('reparented', parentSpanId, span.parentSpanId)
  expect('renamed', expectation.name, span.name)
  expect('kind_changed', expectation.kind, span.kind)
  expect('service_changed', step.service, span.service)
  expect('status_changed', step.status, span.status)
  expect('status_message_changed', step.status_message, span.statusMessage)
  found.push(...compareTimes(expectation, span, transport, skew))
  found.push(...compareEnvelope(expectation, span, terms))
  // The ledger has no attributes of a SERVER span: an instrumentation may have written it, and linked it to more.
  if (step.facts.operation === 'http_server')
    return [...found, ...compareLinks(expectation.links, span.links).filter(({ kind }) => kind === 'link_lost')]
  found.push(...compareAttributes(expectation.attributes, span, transport))
  found.push(...compareEvents(expectation, span.events, transport))
  found.push(...compareLinks(expectation.links, span.links))
  return found
}

function compareTimes({ step, parent }: Expectation, span: ReceivedSpan, transport: Transport, skew: Skew): Found[] {
  const start = step.start_ms
  const end = start + (step.duration_ms as number)
  const { early, late } = clockTolerance
  const offset = step.span_id === null ? (skew.get(clockOf(span)) ?? 0) : 0
  // A time that is not known is as none that is expected.
  const startMs = (span.startMs ?? NaN) - offset
  const endMs = (span.endMs ?? NaN) - offset
  if (step.facts.operation === 'http_server') {
    // A tool's span lies within the call; a request's begins before its run, and both end with the answer.
    const isWithin = parent
      ? startMs >= start - early && startMs <= latestStart(parent) + late && endMs <= end + heldUpMs
      : startMs >= start - heldUpMs && startMs <= start + early && Math.abs(endMs - end) <= heldUpMs
    // A timer may fire a little early; what is busy only makes it longer.
    const leastMs = Math.max(0, (parent?.step.tool?.delay_ms ?? 0) - early)
    if (isWithin && endMs - startMs >= leastMs) return []
  } else {
    const tolerance = transport.timeToleranceMs
    if (Math.abs(startMs - start) <= tolerance && Math.abs(endMs - end) <= tolerance) return []
  }
  return [
    {
      kind: 'time_changed',
      expected: { start_ms: start, end_ms: end },
      actual: { start_ms: span.startMs, end_ms: span.endMs, ...(offset !== 0 && { clock_skew_ms: offset }) },
    },
  ]
}

/** The order of links means nothing. */
function compareLinks(written: Expectation['links'], arrived: ReceivedSpan['links']): Found[] {
  const open = Map.groupBy(arrived, ({ traceId, spanId }) => `${traceId}-${spanId}`)
  const lost = written.filter(({ trace_id, span_id }) => !open.get(`${trace_id}-${span_id}`)?.pop())
  return [
    ...lost.map((link): Found => ({ kind: 'link_lost', expected: link, actual: null })),
    ...[...open.values()].flat().map(({ traceId, spanId }): Found => ({
      kind: 'link_added',
      expected: null,
      actual: { trace_id: traceId, span_id: spanId },
    })),
  ]
}
