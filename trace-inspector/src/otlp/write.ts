import { type Attributes, type ReceivedSpan, spanKinds, statuses, type Value } from './span.ts'

/**
 * Spans as OTLP's JSON has them, to be sent to any receiver again; the inverse of `decodeJson`: odd times, too, are as they
 * came. Spans of one resource and one scope stand together. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function writeRequest(spans: Iterable<ReceivedSpan>) {
  const byResource = Map.groupBy(spans, ({ resource }) => resource)
  return {
    resourceSpans: Array.from(byResource, ([resource, ofResource]) => ({
      resource: { attributes: attributesOf(resource, ofResource[0]?.resourceDoubles) },
      scopeSpans: Array.from(
        Map.groupBy(ofResource, ({ scope }) => scope),
        ([scope, ofScope]) => ({ scope, spans: ofScope.map(spanOf) }),
      ),
    })),
  }
}

function spanOf(span: ReceivedSpan) {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId !== null && { parentSpanId: span.parentSpanId }),
    ...(span.traceState !== '' && { traceState: span.traceState }),
    flags: span.flags,
    name: span.name,
    kind: spanKinds.indexOf(span.kind),
    ...(span.startMs !== null && { startTimeUnixNano: nanoseconds(span.startMs) }),
    ...(span.endMs !== null && { endTimeUnixNano: nanoseconds(span.endMs) }),
    attributes: attributesOf(span.attributes, span.wholeDoubles),
    events: span.events.map(({ name, timeMs, attributes, wholeDoubles }) => ({
      name,
      ...(timeMs !== null && { timeUnixNano: nanoseconds(timeMs) }),
      attributes: attributesOf(attributes, wholeDoubles),
    })),
    links: span.links,
    status: {
      code: statuses.indexOf(span.status),
      ...(span.statusMessage !== '' && { message: span.statusMessage }),
    },
    droppedAttributesCount: span.dropped.attributes,
    droppedEventsCount: span.dropped.events,
    droppedLinksCount: span.dropped.links,
  }
}

/** A double has no room for all digits of the nanoseconds: whole milliseconds and the rest are written apart. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms)
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6)))
}

function attributesOf(attributes: Attributes, wholeDoubles: readonly string[] = []) {
  const doubles = new Set(wholeDoubles)
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value, doubles.has(key)) }))
}

function valueOf(value: Value, isDouble = false): object {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number')
    return isDouble || !Number.isInteger(value) ? { doubleValue: value } : { intValue: String(value) }
  if (Array.isArray(value)) return { arrayValue: { values: value.map((each) => valueOf(each, isDouble)) } }
  const [[kind, inner] = [], ...others] = Object.entries(value)
  if (typeof inner === 'string' && others.length === 0) {
    if (kind === 'int') return { intValue: inner }
    if (kind === 'double') return { doubleValue: inner }
    if (kind === 'bytes') return { bytesValue: inner }
  }
  const members = kind === 'group' && isGroup(inner) && others.length === 0 ? inner : value
  return { kvlistValue: { values: attributesOf(members) } }
}

const isGroup = (value: Value | undefined): value is Attributes =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
