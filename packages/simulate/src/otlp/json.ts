import { secondsOf } from './bytes.ts'
import { type Attributes, type AttributeValue, type EndedSpan, flagsOf, type SpanWriter } from './span.ts'

/** Nanoseconds since the epoch in decimal digits, rounded as the SDK does. */
export function nanosecondsText(ms: number): string {
  const seconds = secondsOf(ms)
  const nanos = Math.round((ms - seconds * 1000) * 1e6)
  return nanos === 1e9 ? `${seconds + 1}000000000` : `${seconds}${String(nanos).padStart(9, '0')}`
}

/** The spans of one service as OTLP in JSON, an export request a line, as the Collector's file exporter writes it. */
export class JsonWriter implements SpanWriter {
  readonly contentType = 'application/json'
  readonly #before: string
  #spans: string[] = []
  #size = 0

  constructor(resource: Attributes, scope: { name: string; version?: string | undefined }) {
    this.#before = `{"resourceSpans":[{"resource":{"attributes":${JSON.stringify(attributesOf(resource))}},"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`
  }

  get count(): number {
    return this.#spans.length
  }

  get size(): number {
    return this.#size
  }

  add(span: EndedSpan): void {
    const text = JSON.stringify(spanOf(span))
    this.#spans.push(text)
    this.#size += text.length
  }

  take(): Uint8Array {
    const text = `${this.#before}${this.#spans.join(',')}]}]}]}\n`
    this.#spans = []
    this.#size = 0
    return Buffer.from(text)
  }
}

/** A span as OTLP has it in JSON. */
export function spanOf(span: EndedSpan) {
  const attributes: { key: string; value: object }[] = []
  span.eachAttribute((key, value) => attributes.push({ key, value: valueOf(value) }))
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId !== '' && { parentSpanId: span.parentSpanId }),
    flags: flagsOf(span.isRemoteParent),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: nanosecondsText(span.startMs),
    endTimeUnixNano: nanosecondsText(span.endMs),
    attributes,
    ...(span.events.length > 0 && {
      events: span.events.map(({ name, timeMs, attributes }) => ({
        timeUnixNano: nanosecondsText(timeMs),
        name,
        attributes: attributesOf(attributes),
      })),
    }),
    ...(span.links.length + span.linksElsewhere.length > 0 && {
      links: [
        ...span.links.map((spanId) => ({ traceId: span.traceId, spanId, flags: flagsOf(false) })),
        ...span.linksElsewhere.map(({ trace_id, span_id }) => ({
          traceId: trace_id,
          spanId: span_id,
          flags: flagsOf(true),
        })),
      ],
    }),
    status: span.failure === undefined ? {} : { message: span.failure, code: 2 },
  }
}

/** Attributes as OTLP has them in JSON. */
export function attributesOf(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }))
}

function valueOf(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  return { arrayValue: { values: value.map(valueOf) } }
}
