import { asMessage, each, Malformed, member, type Message, part, text, time, wide } from './fields.ts'
import { type Attributes, type ReceivedSpan, spanKinds, statuses, type Value } from './span.ts'

/** How one encoding writes bytes: ids as lower-case hex, undefined when they are none; others as base64. */
export interface Encoding {
  hex(value: unknown): string | undefined
  base64(value: unknown): string | undefined
}

export interface Batch {
  spans: ReceivedSpan[]
  /** Spans without a trace id or a span id. */
  rejected: number
}

const traceIdPattern = /^(?!0{32})[0-9a-f]{32}$/
const spanIdPattern = /^(?!0{16})[0-9a-f]{16}$/
/** What protobuf's own libraries allow. */
const deepest = 100

/** The spans of an ExportTraceServiceRequest, whichever way it was encoded. Throws Malformed. */
export function readRequest(request: unknown, encoding: Encoding): Batch {
  const batch: Batch = { spans: [], rejected: 0 }
  const read = new SpanReader(encoding)
  each(asMessage(request, 'the body'), 'resourceSpans', (resourceSpans) => {
    const { 'service.name': name } = read.attributes(part(resourceSpans, 'resource'))
    const service = typeof name === 'string' ? name : ''
    each(resourceSpans, 'scopeSpans', (scopeSpans) => {
      each(scopeSpans, 'spans', (message) => {
        const span = read.span(message, service)
        if (span) batch.spans.push(span)
        else batch.rejected++
      })
    })
  })
  return batch
}

class SpanReader {
  readonly #encoding: Encoding
  /** Thousands of spans say the same few words: they are kept once. */
  readonly #words = new Map<string, string>()

  constructor(encoding: Encoding) {
    this.#encoding = encoding
  }

  span(message: Message, service: string): ReceivedSpan | undefined {
    const traceId = this.#id(message, 'traceId')
    const spanId = this.#id(message, 'spanId')
    const parentSpanId = this.#id(message, 'parentSpanId')
    if (!traceIdPattern.test(traceId) || !spanIdPattern.test(spanId)) return undefined
    const events: ReceivedSpan['events'] = []
    each(message, 'events', (event) =>
      events.push({
        name: this.#word(text(event, 'name')),
        timeMs: time(event, 'timeUnixNano'),
        attributes: this.attributes(event),
      }),
    )
    const links: ReceivedSpan['links'] = []
    each(message, 'links', (link) =>
      links.push({ traceId: this.#word(this.#id(link, 'traceId')), spanId: this.#id(link, 'spanId') }),
    )
    return {
      traceId: this.#word(traceId),
      spanId,
      parentSpanId: spanIdPattern.test(parentSpanId) ? parentSpanId : null,
      name: this.#word(text(message, 'name')),
      kind: member(message, 'kind', spanKinds, 'SPAN_KIND_'),
      service,
      startMs: time(message, 'startTimeUnixNano'),
      endMs: time(message, 'endTimeUnixNano'),
      attributes: this.attributes(message),
      events: events.length > 0 ? events : none,
      links: links.length > 0 ? links : none,
      status: member(part(message, 'status'), 'code', statuses, 'STATUS_CODE_'),
    }
  }

  attributes(message: Message, field = 'attributes', depth = 0): Attributes {
    const attributes: Attributes = {}
    each(message, field, (attribute) => {
      const key = text(attribute, 'key')
      const value = this.#value(part(attribute, 'value'), depth)
      // Assigned, this one name would set the prototype.
      if (key === '__proto__')
        Object.defineProperty(attributes, key, { value, enumerable: true, configurable: true, writable: true })
      else attributes[key] = value
    })
    return attributes
  }

  #value(message: Message, depth: number): Value {
    if (depth > deepest) throw new Malformed('value', `at most ${deepest} values inside one another`)
    const has = (field: string) => Object.hasOwn(message, field) && message[field] !== null
    if (has('stringValue')) return this.#word(text(message, 'stringValue'))
    if (has('intValue')) return wide(message, 'intValue')
    if (has('boolValue')) return flag(message.boolValue)
    if (has('doubleValue')) return double(message.doubleValue)
    if (has('arrayValue')) {
      const values: Value[] = []
      each(part(message, 'arrayValue'), 'values', (value) => values.push(this.#value(value, depth + 1)))
      return values
    }
    if (has('kvlistValue')) return this.attributes(part(message, 'kvlistValue'), 'values', depth + 1)
    if (!has('bytesValue')) return null
    const bytes = this.#encoding.base64(message.bytesValue)
    if (bytes === undefined) throw new Malformed('bytesValue', 'bytes')
    return { bytes }
  }

  #id(message: Message, field: string): string {
    const value = message[field]
    const hex = value === undefined || value === null ? '' : this.#encoding.hex(value)
    if (hex === undefined) throw new Malformed(field, 'an id')
    return hex
  }

  #word(word: string): string {
    if (word.length > 64) return word
    const known = this.#words.get(word)
    if (known !== undefined) return known
    this.#words.set(word, word)
    return word
  }
}

function flag(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new Malformed('boolValue', 'true or false')
}

/** A double; JSON has words for what it cannot write. */
function double(value: unknown): number {
  if (typeof value === 'number') return value
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  throw new Malformed('doubleValue', 'a number')
}

/** Shared by all spans without events and links. */
const none: never[] = []
