import type { SeenSpan, Trace } from './traces.ts'

/** What is seen of one thing that is to be told from others: words that it has or not, and figures. */
export interface Features {
  words: Set<string>
  figures: Map<string, number>
}

/** Attributes that are times, or what came of a call: the symptom itself, which is for a tool to see. */
export const hidden: ReadonlySet<string> = new Set([
  'http.response.status_code',
  'http.request.resend_count',
  'http.response.header.retry-after',
  'error.type',
  'ati.worker.queued_ms',
  'gen_ai.response.time_to_first_chunk',
])

/** All that is seen of the spans of a trace but times, status and events: keys, values, sizes, orders, names, ids. */
export function featuresOf({ spans }: Pick<Trace, 'spans'>): Map<string, Features> {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const childrenOf = Map.groupBy(spans, ({ parentSpanId }) => parentSpanId)
  const places = new Map(spans.map(({ spanId }, place) => [spanId, place]))
  const features = new Map<string, Features>()
  for (const [place, span] of spans.entries()) {
    const seen: Features = { words: new Set(), figures: new Map() }
    look(span, '', seen)
    const parent = byId.get(span.parentSpanId)
    const siblings = childrenOf.get(span.parentSpanId) ?? []
    if (parent) look(parent, 'above ', seen)
    // The first alone: how many there are of a call is how often it was sent.
    const first = childrenOf.get(span.spanId)?.[0]
    if (first) look(first, 'below ', seen)
    const order = siblings.indexOf(span)
    seen.figures.set('place', place / spans.length)
    seen.figures.set('order', order / Math.max(1, siblings.length - 1))
    seen.figures.set('order of its parent', (places.get(span.parentSpanId) ?? 0) / spans.length)
    seen.figures.set('links', span.links.length)
    features.set(span.spanId, seen)
  }
  return features
}

function look(span: SeenSpan, prefix: string, { words, figures }: Features): void {
  words.add(`${prefix}name ${span.name}`).add(`${prefix}kind ${span.kind} ${span.service}`)
  id(span.spanId, `${prefix}span id`, figures)
  let size = 0
  const keys: string[] = []
  for (const [key, value] of span.attributes) {
    if (hidden.has(key)) continue
    keys.push(key)
    const text = JSON.stringify(value)
    size += key.length + text.length
    words.add(`${prefix}has ${key}`)
    figures.set(`${prefix}length ${key}`, text.length)
    if (typeof value === 'number') {
      figures.set(`${prefix}value ${key}`, Math.sign(value) * Math.log1p(Math.abs(value)))
      words.add(`${prefix}${key} ends ${text.at(-1)}`)
    } else {
      words.add(`${prefix}${key}=${text}`)
      const digits = /[0-9a-f]{8,}/.exec(text)?.[0]
      if (digits) id(digits, `${prefix}${key}`, figures)
    }
  }
  words.add(`${prefix}keys ${keys.join()}`)
  figures.set(`${prefix}attributes`, keys.length)
  figures.set(`${prefix}size`, size)
}

/** An id as a figure, and how many bits of it are set. */
function id(digits: string, of: string, figures: Map<string, number>): void {
  const bits = Array.from(digits, (digit) => bitsOf[Number.parseInt(digit, 16)] ?? 0).reduce((sum, bit) => sum + bit, 0)
  figures.set(`${of} high`, Number.parseInt(digits.slice(0, 8), 16) / 2 ** 32)
  figures.set(`${of} low`, Number.parseInt(digits.slice(-4), 16) / 2 ** 16)
  figures.set(`${of} bits`, bits / digits.length)
}
const bitsOf = Array.from({ length: 16 }, (_, digit) => digit.toString(2).replaceAll('0', '').length)

/** What is seen of all of a trace: how many of its spans have a word, and how figures are spread over them. */
export function featuresOfTrace(spans: ReadonlyMap<string, Features>): Features {
  const all = [...spans.values()]
  const count = new Map<string, number>()
  const sums = new Map<string, { n: number; sum: number; most: number }>()
  for (const { words, figures } of all) {
    for (const word of words) if (!/ high| low|[0-9a-f]{16}/.test(word)) count.set(word, (count.get(word) ?? 0) + 1)
    for (const [name, value] of figures) {
      const known = sums.get(name) ?? { n: 0, sum: 0, most: -Infinity }
      sums.set(name, { n: known.n + 1, sum: known.sum + value, most: Math.max(known.most, value) })
    }
  }
  const figures = new Map<string, number>([['spans', Math.log(all.length)]])
  for (const [word, n] of count) figures.set(`share ${word}`, n / all.length)
  for (const [name, { n, sum, most }] of sums) figures.set(`mean ${name}`, sum / n).set(`most ${name}`, most)
  return { words: new Set(), figures }
}
