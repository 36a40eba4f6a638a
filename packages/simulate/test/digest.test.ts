import { createHash } from 'node:crypto'
import { fc } from '../../../test/support/properties.ts'
import { expect, it } from 'vitest'
import { Digest } from '../src/digest.ts'
import { canonicalHead, canonicalSpan, type JsonSpan } from '../src/otlp/canonical.ts'

const digestOf = (texts: readonly string[]) => {
  const digest = new Digest()
  for (const text of texts) digest.add(text)
  return digest
}

it('is the sum of SHA-256 modulo 2²⁵⁶', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (texts) => {
      const sum = texts.reduce((sum, text) => sum + BigInt(`0x${createHash('sha256').update(text).digest('hex')}`), 0n)
      expect(digestOf(texts).toString()).toBe(BigInt.asUintN(256, sum).toString(16).padStart(64, '0'))
    }),
  )
})

it('is the same in any order, and parts add up to the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.nat(), (texts, at) => {
      const sum = Digest.parse(digestOf(texts.slice(at)).toString())
      sum.addAll(digestOf(texts.slice(0, at)))
      expect(sum.toString()).toBe(digestOf(texts).toString())
      expect(digestOf(texts.toReversed()).toString()).toBe(digestOf(texts).toString())
    }),
  )
})

const span: JsonSpan = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  name: 'chat',
  kind: 3,
  startTimeUnixNano: '1769850000000000001',
  endTimeUnixNano: '1769850000000000002',
  attributes: [
    { key: 'one', value: { intValue: '1' } },
    { key: 'half', value: { doubleValue: 0.5 } },
  ],
  events: [{ timeUnixNano: '3', name: 'retry', attributes: [{ key: 'attempt', value: { intValue: '2' } }] }],
  links: [{ traceId: 'a'.repeat(32), spanId: 'c'.repeat(16), flags: 257 }],
  status: { code: 2, message: 'no' },
}
const head = canonicalHead(
  { attributes: [{ key: 'service.name', value: { stringValue: 'agent' } }] },
  { name: 'scope' },
)

it('a span has one canonical text, however it was written down', () => {
  const same: JsonSpan = {
    ...span,
    parentSpanId: '',
    traceState: '',
    flags: 0,
    attributes: [
      { key: 'half', value: { doubleValue: 0.5 } },
      { key: 'one', value: { intValue: 1 } },
    ],
  }
  expect(canonicalSpan(head, same)).toBe(canonicalSpan(head, span))
  expect(JSON.parse(canonicalSpan(head, span))).toMatchInlineSnapshot(`
    {
      "attributes": [
        [
          "half",
          {
            "doubleValue": 0.5,
          },
        ],
        [
          "one",
          {
            "intValue": "1",
          },
        ],
      ],
      "endTimeUnixNano": "1769850000000000002",
      "events": [
        {
          "attributes": [
            [
              "attempt",
              {
                "intValue": "2",
              },
            ],
          ],
          "name": "retry",
          "timeUnixNano": "3",
        },
      ],
      "flags": 0,
      "kind": 3,
      "links": [
        {
          "attributes": [],
          "flags": 257,
          "spanId": "cccccccccccccccc",
          "traceId": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "traceState": "",
        },
      ],
      "name": "chat",
      "parentSpanId": "",
      "resource": [
        [
          "service.name",
          {
            "stringValue": "agent",
          },
        ],
      ],
      "scope": [
        "scope",
        "",
      ],
      "spanId": "bbbbbbbbbbbbbbbb",
      "startTimeUnixNano": "1769850000000000001",
      "status": {
        "code": 2,
        "message": "no",
      },
      "traceId": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "traceState": "",
    }
  `)
})

it.each<[string, Partial<JsonSpan>]>([
  ['its id', { spanId: 'd'.repeat(16) }],
  ['its parent', { parentSpanId: 'd'.repeat(16) }],
  ['its flags', { flags: 257 }],
  ['a nanosecond', { startTimeUnixNano: '1769850000000000002' }],
  ['a type', { attributes: [{ key: 'one', value: { doubleValue: 1 } }] }],
  ['a value', { attributes: [{ key: 'one', value: { intValue: '2' } }] }],
  ['an empty text', { attributes: [{ key: 'one', value: { stringValue: '' } }] }],
  ['its events', { events: [] }],
  ['its links', { links: [] }],
  ['its status', { status: { code: 2, message: 'yes' } }],
])('another span has another text: %s', (_, change) => {
  expect(canonicalSpan(head, { ...span, ...change })).not.toBe(canonicalSpan(head, span))
})

it('another resource, and another scope, make another text', () => {
  const other = canonicalHead({ attributes: [] }, { name: 'scope' })
  expect(canonicalSpan(other, span)).not.toBe(canonicalSpan(head, span))
  expect(canonicalHead(undefined, { name: 'scope', version: '1' })).not.toBe(
    canonicalHead(undefined, { name: 'scope' }),
  )
})
