import { count, each, Malformed, member, type Message, numberOf, part, text, within } from './fields.ts'
import type { Encoding, SealedType } from './encoding.ts'
import {
  type Attributes,
  type Dropped,
  groupValue,
  none,
  nothingDropped,
  type ReceivedSpan,
  type Scope,
  spanKinds,
  statuses,
  type Value,
} from './span.ts'
import { capped, mostOfName, mostOfValue, mostOfWord } from './text.ts'

export interface Resource {
  /** `service.name`. */
  service: string
  attributes: Attributes
  wholeDoubles: readonly string[]
}

const traceIdPattern = /^(?!0{32})[0-9a-f]{32}$/
const spanIdPattern = /^(?!0{16})[0-9a-f]{16}$/
/** What protobuf's own libraries allow. */
const deepest = 100
type Range = readonly [least: bigint, most: bigint]
const int64: Range = [-(2n ** 63n), 2n ** 63n - 1n]
const uint64: Range = [0n, 2n ** 64n - 1n]

/** Reads what a request says of its spans. Every method throws Malformed. */
export class SpanReader {
  readonly #encoding: Encoding
  /** Thousands of spans say the same few words: they are kept once. */
  readonly #words = new Map<string, string>()
  /** Whether a double that was read since this was last cleared is whole. */
  #sawWholeDouble = false

  constructor(encoding: Encoding) {
    this.#encoding = encoding
  }

  resource(resourceSpans: Message): Resource {
    return within('resource', () => {
      const read = this.#attributes(this.#open(resourceSpans.resource, 'Resource'))
      const service = read.attributes['service.name']
      return { service: typeof service === 'string' ? this.#name(service) : '', ...read }
    })
  }

  scope(scopeSpans: Message): Scope {
    return within('scope', () => {
      const scope = this.#open(scopeSpans.scope, 'InstrumentationScope')
      return { name: this.#name(text(scope, 'name')), version: this.#name(text(scope, 'version')) }
    })
  }

  span(message: Message, resource: Resource, scope: Scope): ReceivedSpan {
    const parentSpanId = this.#hex(message, 'parentSpanId')
    return {
      traceId: this.#word(this.#id(message, 'traceId', traceIdPattern)),
      spanId: this.#id(message, 'spanId', spanIdPattern),
      parentSpanId: spanIdPattern.test(parentSpanId) ? parentSpanId : null,
      name: this.#name(text(message, 'name')),
      kind: member(message, 'kind', spanKinds, 'SPAN_KIND_'),
      service: resource.service,
      startMs: this.#time(message, 'startTimeUnixNano'),
      endMs: this.#time(message, 'endTimeUnixNano'),
      ...this.#attributes(message),
      events: this.#events(message),
      links: this.#links(message),
      ...part(message, 'status', (status) => ({
        status: member(status, 'code', statuses, 'STATUS_CODE_'),
        statusMessage: capped(text(status, 'message'), mostOfValue),
      })),
      resource: resource.attributes,
      resourceDoubles: resource.wholeDoubles,
      scope,
      traceState: this.#name(text(message, 'traceState')),
      flags: count(message, 'flags'),
      dropped: droppedOf(message),
    }
  }

  #events(message: Message): ReceivedSpan['events'] {
    const events: ReceivedSpan['events'][number][] = []
    each(message, 'events', (event) =>
      events.push({
        name: this.#name(text(event, 'name')),
        timeMs: this.#time(event, 'timeUnixNano'),
        ...this.#attributes(event),
      }),
    )
    return events.length > 0 ? events : none
  }

  #links(message: Message): ReceivedSpan['links'] {
    const links: ReceivedSpan['links'][number][] = []
    each(message, 'links', (link) =>
      links.push({ traceId: this.#name(this.#hex(link, 'traceId')), spanId: this.#name(this.#hex(link, 'spanId')) }),
    )
    return links.length > 0 ? links : none
  }

  #attributes(message: Message): Pick<ReceivedSpan, 'attributes' | 'wholeDoubles'> {
    const wholeDoubles: string[] = []
    // Of a value that could not be read it may still say so.
    this.#sawWholeDouble = false
    const attributes = this.#group(message, 'attributes', 0, (key) => {
      if (this.#sawWholeDouble) wholeDoubles.push(key)
      this.#sawWholeDouble = false
    })
    return { attributes, wholeDoubles: wholeDoubles.length > 0 ? wholeDoubles : none }
  }

  #group(message: Message, field: string, depth: number, seen?: (key: string) => void): Attributes {
    const group: Attributes = {}
    each(message, field, (attribute) => {
      const key = this.#name(text(attribute, 'key'))
      const value = part(attribute, 'value', (value) => this.#value(value, depth))
      // Assigned, this one name would set the prototype.
      if (key === '__proto__')
        Object.defineProperty(group, key, { value, enumerable: true, configurable: true, writable: true })
      else group[key] = value
      seen?.(key)
    })
    return group
  }

  #value(message: Message, depth: number): Value {
    if (depth > deepest) throw new Malformed('', `at most ${deepest} values inside one another`)
    const has = (field: string) => Object.hasOwn(message, field) && message[field] !== null
    if (has('stringValue')) return this.#word(capped(text(message, 'stringValue'), mostOfValue))
    if (has('intValue')) return this.#int(message.intValue)
    if (has('boolValue')) return flag(message.boolValue)
    if (has('doubleValue')) return this.#double(message.doubleValue)
    if (has('arrayValue')) {
      const values: Value[] = []
      part(message, 'arrayValue', (array) =>
        each(array, 'values', (value) => values.push(this.#value(value, depth + 1))),
      )
      return values
    }
    if (has('kvlistValue'))
      return part(message, 'kvlistValue', (list) => groupValue(this.#group(list, 'values', depth + 1)))
    if (!has('bytesValue')) return null
    const bytes = this.#encoding.base64(message.bytesValue)
    if (bytes === undefined) throw new Malformed('bytesValue', 'bytes')
    return { bytes: capped(bytes, mostOfValue) }
  }

  #int(value: unknown): Value {
    const number = this.#whole(value, int64)
    if (number === undefined) throw new Malformed('intValue', 'a whole number of 64 bits')
    return Number.isSafeInteger(number) ? number : { int: this.#encoding.digits(value) }
  }

  /** JSON has words for what it cannot write as a number: https://protobuf.dev/programming-guides/json/ */
  #double(value: unknown): Value {
    const number = value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : numberOf(value)
    if (number === undefined) throw new Malformed('doubleValue', 'a number')
    this.#sawWholeDouble ||= Number.isInteger(number)
    return Number.isFinite(number) ? number : { double: String(number) }
  }

  /** Nanoseconds since the epoch as milliseconds; null where there are none, which is never 1970. */
  #time(message: Message, field: string): number | null {
    const value = this.#whole(message[field] ?? 0, uint64)
    if (value === undefined) throw new Malformed(field, 'nanoseconds since the epoch')
    return value === 0 ? null : value / 1e6
  }

  /** A whole number in a range, the nearest that there is here; undefined for anything else. Its digits say where it is at the edge. */
  #whole(value: unknown, [least, most]: Range): number | undefined {
    const number = this.#encoding.number(value)
    if (number === undefined || !Number.isInteger(number)) return undefined
    if (number > least && number < most) return number
    const exact = BigInt(this.#encoding.digits(value))
    return exact >= least && exact <= most ? number : undefined
  }

  #id(message: Message, field: string, pattern: RegExp): string {
    const id = this.#hex(message, field)
    if (pattern.test(id)) return id
    throw new Malformed(field, `${field === 'traceId' ? 32 : 16} hex digits that are not all 0`)
  }

  #hex(message: Message, field: string): string {
    const value = message[field]
    const hex = value === undefined || value === null ? '' : this.#encoding.hex(value)
    if (hex === undefined) throw new Malformed(field, 'an id')
    return hex
  }

  #name(name: string): string {
    return this.#word(capped(name, mostOfName))
  }

  #word(word: string): string {
    if (word.length > mostOfWord) return word
    const known = this.#words.get(word)
    if (known !== undefined) return known
    this.#words.set(word, word)
    return word
  }

  #open(value: unknown, type: SealedType): Message {
    return isAbsent(value) ? {} : this.#encoding.open(value, type)
  }
}

/** Bytes that were not sent are an empty list. */
const isAbsent = (value: unknown) =>
  value === undefined || value === null || ((Array.isArray(value) || Buffer.isBuffer(value)) && value.length === 0)

function flag(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new Malformed('boolValue', 'true or false')
}

function droppedOf(message: Message): Dropped {
  const attributes = count(message, 'droppedAttributesCount')
  const events = count(message, 'droppedEventsCount')
  const links = count(message, 'droppedLinksCount')
  return attributes + events + links > 0 ? { attributes, events, links } : nothingDropped
}
