/** Attributes as OTLP's JSON has them. */
export type JsonAttributes = readonly { key: string; value: JsonValue }[] | null | undefined
export interface JsonValue {
  stringValue?: string
  boolValue?: boolean
  intValue?: string | number
  doubleValue?: string | number
  bytesValue?: string
  arrayValue?: { values?: readonly JsonValue[] }
  kvlistValue?: { values?: JsonAttributes }
}
/** A span as OTLP's JSON has it: what is absent is the protocol's default. */
export interface JsonSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  flags?: number
  name?: string
  kind?: number
  startTimeUnixNano?: string | number
  endTimeUnixNano?: string | number
  attributes?: JsonAttributes
  events?: readonly { timeUnixNano?: string | number; name?: string; attributes?: JsonAttributes }[]
  links?: readonly {
    traceId: string
    spanId: string
    traceState?: string
    flags?: number
    attributes?: JsonAttributes
  }[]
  status?: { code?: number; message?: string }
}

/** The beginning of the canonical JSON of all spans of one resource and one scope. */
export function canonicalHead(
  resource: { attributes?: JsonAttributes } | undefined,
  scope: { name?: string; version?: string } | undefined,
): string {
  const head = { resource: attributesOf(resource?.attributes), scope: [scope?.name ?? '', scope?.version ?? ''] }
  return JSON.stringify(head).slice(0, -1)
}

/**
 * One text for one span, whoever wrote it down: JSON without blanks, members in this order, none left out, attributes in the
 * order of their keys, 64-bit integers as digits. `head` is that of its resource and scope.
 */
export function canonicalSpan(head: string, span: JsonSpan): string {
  const { parentSpanId = '', traceState = '', flags = 0, name = '', kind = 0, status } = span
  const rest = {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId,
    traceState,
    flags,
    name,
    kind,
    startTimeUnixNano: digits(span.startTimeUnixNano),
    endTimeUnixNano: digits(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes),
    events: (span.events ?? []).map((event) => ({
      timeUnixNano: digits(event.timeUnixNano),
      name: event.name ?? '',
      attributes: attributesOf(event.attributes),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      traceState: link.traceState ?? '',
      flags: link.flags ?? 0,
      attributes: attributesOf(link.attributes),
    })),
    status: { code: status?.code ?? 0, message: status?.message ?? '' },
  }
  return `${head},${JSON.stringify(rest).slice(1)}`
}

const digits = (value: string | number = 0) => String(value)

function attributesOf(attributes: JsonAttributes): [string, object][] {
  const pairs = (attributes ?? []).map(({ key, value }): [string, object] => [key, valueOf(value)])
  return pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function valueOf(value: JsonValue): object {
  if (value.intValue !== undefined) return { intValue: digits(value.intValue) }
  if (value.arrayValue !== undefined) return { arrayValue: (value.arrayValue.values ?? []).map(valueOf) }
  if (value.kvlistValue !== undefined) return { kvlistValue: attributesOf(value.kvlistValue.values) }
  const { stringValue, boolValue, doubleValue, bytesValue } = value
  return { stringValue, boolValue, doubleValue, bytesValue }
}
