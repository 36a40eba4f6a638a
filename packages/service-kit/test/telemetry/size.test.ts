import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { type Attributes, TraceFlags } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { fc } from '../../../../test/support/properties.ts'
import { expect, it } from 'vitest'
import { estimateBytes } from '../../src/telemetry/size.ts'

const word = fc.stringMatching(/^[ -!#-[\]-~]{0,200}$/)
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  word.map((name) => `a${name}`),
  fc.oneof(word, fc.double(), fc.integer(), fc.boolean(), fc.array(word), fc.array(fc.double())),
  { maxKeys: 5, noNullPrototype: true },
)
const shape = fc.record({
  name: word,
  message: word,
  attributes,
  events: fc.array(fc.record({ name: word, attributes }), { maxLength: 5 }),
  links: fc.array(attributes, { maxLength: 20 }),
})
type Shape = typeof shape extends fc.Arbitrary<infer Value> ? Value : never

const plain: Shape = { name: 'span', message: '', attributes: {}, events: [], links: [] }

function spanOf({ name, message, attributes, events, links }: Shape): ReadableSpan {
  const memory = new InMemorySpanExporter()
  const limits = { attributeCountLimit: 1000, linkCountLimit: 1000, eventCountLimit: 1000 }
  const provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
    spanLimits: limits,
  })
  const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED }
  const linked = links.map((of) => ({ context, attributes: of }))
  const span = provider.getTracer('test').startSpan(name, { attributes, links: linked })
  span.setStatus({ code: 2, message })
  for (const event of events) span.addEvent(event.name, event.attributes)
  span.end()
  return memory.getFinishedSpans()[0] as ReadableSpan
}

/** What a span takes in OTLP/JSON beyond what all spans of a request share. */
function jsonBytes(span: ReadableSpan): number {
  const size = (spans: ReadableSpan[]) => JsonTraceSerializer.serializeRequest(spans)?.length ?? 0
  return size([span, span]) - size([span])
}

it('guesses no less than a span takes in JSON, whatever it is made of, and not ten times as much', () => {
  fc.assert(
    fc.property(shape, (of) => {
      const span = spanOf(of)
      expect(estimateBytes(span)).toBeGreaterThanOrEqual(jsonBytes(span))
      expect(estimateBytes(span)).toBeLessThan(10 * jsonBytes(span))
    }),
    { numRuns: 300 },
  )
})

it.each<[string, Partial<Shape>]>([
  ['its name', { name: 'x'.repeat(20_000) }],
  ['the message of its status', { message: 'x'.repeat(20_000) }],
  ['an attribute', { attributes: { a: 'x'.repeat(20_000) } }],
  ['an attribute of an event', { events: [{ name: 'e', attributes: { a: 'x'.repeat(20_000) } }] }],
  ['a list of a hundred empty words', { attributes: { a: Array.from({ length: 100 }, () => '') } }],
  ['the name of an event', { events: [{ name: 'x'.repeat(20_000), attributes: {} }] }],
  ['an attribute of a link', { links: [{ a: 'x'.repeat(20_000) }] }],
  ['a hundred links', { links: Array.from({ length: 100 }, () => ({})) }],
])('counts %s', (_, part) => {
  const span = spanOf({ ...plain, ...part })
  expect(estimateBytes(span)).toBeGreaterThanOrEqual(jsonBytes(span))
})
