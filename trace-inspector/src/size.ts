import { mostOfWord } from './otlp/text.ts'
import type { Attributes, ReceivedEvent, ReceivedSpan, Value } from './otlp/span.ts'

/** What things take on V8's heap, bytes: measured, and rather too much than too little. A new key is a new hidden class. */
const flat = { span: 300, event: 120, link: 60, group: 70, attribute: 16, newKey: 64, list: 40, value: 12 }
/** Characters beyond Latin-1 take two bytes each, and so do all others of their string. */
const isWide = /[^\0-\xff]/

/**
 * Estimates what the spans of one request that come to the same trace take in memory. Words and origins that they share count
 * for the first of them that is kept.
 */
export class Sizes {
  readonly #words = new Set<string>()
  readonly #origins = new Set<object>()
  /** What the last span was the first to have. */
  #newWords: string[] = []
  #newOrigins: object[] = []

  of(span: ReceivedSpan): number {
    this.#newWords = []
    this.#newOrigins = []
    const { name, statusMessage, traceState, attributes, wholeDoubles, events, links } = span
    let bytes = flat.span + this.#text(name) + this.#text(statusMessage) + this.#text(traceState)
    bytes += this.#attributes(attributes) + listed(wholeDoubles)
    for (const event of events) bytes += this.#event(event)
    for (const { traceId, spanId } of links) bytes += flat.link + this.#text(traceId) + this.#text(spanId)
    return bytes + this.#origin(span)
  }

  /** The last span is not kept: whichever has the same next has to count for it. */
  takeBack(): void {
    for (const word of this.#newWords) this.#words.delete(word)
    for (const origin of this.#newOrigins) this.#origins.delete(origin)
  }

  #origin({ service, resource, resourceDoubles, scope }: ReceivedSpan): number {
    let bytes = 0
    if (this.#isNew(resource)) bytes += this.#text(service) + this.#attributes(resource) + listed(resourceDoubles)
    if (this.#isNew(scope)) bytes += flat.group + this.#text(scope.name) + this.#text(scope.version)
    return bytes
  }

  #isNew(origin: object): boolean {
    if (this.#origins.has(origin)) return false
    this.#origins.add(origin)
    this.#newOrigins.push(origin)
    return true
  }

  #event({ name, attributes, wholeDoubles }: ReceivedEvent): number {
    return flat.event + this.#text(name) + this.#attributes(attributes) + listed(wholeDoubles)
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
    if (text.length <= mostOfWord) {
      if (this.#words.has(text)) return 0
      this.#words.add(text)
      this.#newWords.push(text)
    }
    return 24 + whenNew + (isWide.test(text) ? 2 : 1) * text.length
  }
}

/** A list of keys that are here anyway. */
const listed = (keys: readonly string[]) => (keys.length > 0 ? flat.list + 8 * keys.length : 0)
