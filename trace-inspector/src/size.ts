import { mostOfWord } from './otlp/text.ts'
import type { Attributes, ReceivedEvent, ReceivedSpan, Value } from './otlp/span.ts'

/** What things take on V8's heap, bytes: measured, and rather too much than too little. A new key is a new hidden class. */
const flat = { span: 300, event: 120, link: 60, group: 70, attribute: 16, newKey: 64, list: 40, value: 12 }
/** Characters beyond Latin-1 take two bytes each, and so do all others of their string. */
const isWide = /[^\0-\xff]/

/** Estimates what the spans of one request take in memory. Words and origins that they share count for the first of them. */
export class Sizes {
  readonly #words = new Set<string>()
  readonly #origins = new Set<object>()

  of(span: ReceivedSpan): number {
    const { name, statusMessage, traceState, attributes, events, links } = span
    let bytes = flat.span + this.#text(name) + this.#text(statusMessage) + this.#text(traceState)
    bytes += this.#attributes(attributes)
    for (const event of events) bytes += this.#event(event)
    for (const { traceId, spanId } of links) bytes += flat.link + this.#text(traceId) + this.#text(spanId)
    return bytes + this.#origin(span)
  }

  #origin({ service, resource, scope }: ReceivedSpan): number {
    let bytes = 0
    if (this.#isNew(resource)) bytes += this.#text(service) + this.#attributes(resource)
    if (this.#isNew(scope)) bytes += flat.group + this.#text(scope.name) + this.#text(scope.version)
    return bytes
  }

  #isNew(origin: object): boolean {
    return this.#origins.size !== this.#origins.add(origin).size
  }

  #event({ name, attributes }: ReceivedEvent): number {
    return flat.event + this.#text(name) + this.#attributes(attributes)
  }

  #attributes(attributes: Attributes): number {
    let bytes = flat.group
    for (const name in attributes)
      bytes += flat.attribute + this.#text(name, flat.newKey) + this.#value(attributes[name] as Value)
    return bytes
  }

  #value(value: Value): number {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null) return flat.value
    if (!Array.isArray(value)) return this.#attributes(value)
    let bytes = flat.list
    for (const item of value) bytes += 8 + this.#value(item)
    return bytes
  }

  #text(text: string, whenNew = 0): number {
    if (text.length <= mostOfWord && this.#words.has(text)) return 0
    if (text.length <= mostOfWord) this.#words.add(text)
    return 24 + whenNew + (isWide.test(text) ? 2 : 1) * text.length
  }
}
