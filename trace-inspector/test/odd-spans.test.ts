import { createServer, type Server } from 'node:http'
import { Lifecycle } from 'service-kit/serve'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { createApp } from '../src/app.ts'
import { decodeJson } from '../src/otlp/json.ts'
import { encode, protocol, resourceOf, spanOf } from './support/otlp.ts'

const traceId = '0000000000000000000000000000abcd'
const ids = { odd: '00f067aa0ba902b1', good: '00f067aa0ba902b2' }
const good = spanOf({ traceId, spanId: ids.good, name: 'good' })

let server: Server
let url: string
beforeEach(async () => {
  server = createServer(
    createApp({ agents: [], maxBytes: 64 * 1024 * 1024, lifecycle: new Lifecycle(), allowedHosts: [] }).app,
  )
  url = await listen(server)
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const get = async <Body>(path: string) => (await (await fetch(url + path)).json()) as Body
const details = <Body = Record<string, unknown>>(id = ids.odd) => get<Body>(`/traces/${traceId}/spans/${id}`)

async function post(body: string | Buffer, type: string) {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body: Buffer.from(body),
  })
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) }
}

const requestOf = (odd: object) => ({
  resourceSpans: [{ resource: resourceOf('shop'), scopeSpans: [{ spans: [odd, good] }] }],
})
type Changes = Parameters<typeof spanOf>[0] | Record<string, unknown>
const oddSpan = (changes: Changes) => ({ ...spanOf({ traceId, spanId: ids.odd, name: 'odd!' }), ...changes })

/** Sends an odd span and a good one behind it; what is said of rejected ones. `edit` changes the body's text. */
async function sendJson(changes: Changes, edit = (body: string) => body) {
  const { status, bytes } = await post(edit(JSON.stringify(requestOf(oddSpan(changes)))), 'application/json')
  expect(status).toBe(200)
  return (JSON.parse(bytes.toString()) as { partialSuccess?: unknown }).partialSuccess
}

/** The same in protobuf; `edit` changes bytes, as Latin-1. */
async function sendProtobuf(changes: Changes, edit = (body: string) => body) {
  const body = Buffer.from(edit(encode(requestOf(oddSpan(changes))).toString('latin1')), 'latin1')
  const { status, bytes } = await post(body, 'application/x-protobuf')
  expect(status).toBe(200)
  const answer = protocol.lookupType('ExportTraceServiceResponse').decode(bytes).toJSON()
  return (answer as { partialSuccess?: unknown }).partialSuccess
}
const both = [
  ['JSON', sendJson],
  ['protobuf', sendProtobuf],
] as const

const attributesOf = (values: Record<string, object>) => ({
  attributes: Object.entries(values).map(([key, value]) => ({ key, value })),
})
const at = 'resourceSpans[0].scopeSpans[0].spans[0]'

test.each(both)('%s: numbers of enumerations that are not known yet say nothing', async (_encoding, send) => {
  expect(await send({ kind: 6, status: { code: 3 } })).toBeUndefined()
  expect(await details()).toMatchObject({ kind: 'unspecified', status: 'unset' })
  expect(await details(ids.good)).toMatchObject({ kind: 'internal' })
})

test('numbers as text are numbers', async () => {
  const numbers = { int: { intValue: '7' }, double: { doubleValue: '0.25' }, exponent: { doubleValue: '1e3' } }
  const changes = { kind: '3', status: { code: '2' }, flags: '257', droppedLinksCount: '4' }
  expect(await sendJson({ ...changes, ...attributesOf(numbers) })).toBeUndefined()
  expect(await details()).toMatchObject({
    kind: 'client',
    status: 'error',
    flags: 257,
    dropped: { links: 4 },
    attributes: { int: 7, double: 0.25, exponent: 1000 },
  })
})

test.each(both)('%s: text in another encoding is read with U+FFFD', async (_encoding, send) => {
  if (send === sendProtobuf) await send({}, (body) => body.replace('odd!', 'odd\xff'))
  else {
    const [before, after] = JSON.stringify(requestOf(oddSpan({}))).split('odd!') as [string, string]
    await post(
      Buffer.concat([Buffer.from(`${before}odd`), Buffer.from([0xff]), Buffer.from(after)]),
      'application/json',
    )
  }
  expect(await details()).toMatchObject({ name: 'odd\uFFFD' })
})

test.each(both)('%s: whole numbers of 64 bits are shown as they were sent, and told apart', async (_encoding, send) => {
  const sent = ['9223372036854775807', '9007199254740993', '-9223372036854775808', '9007199254740991']
  await send(attributesOf(Object.fromEntries(sent.map((digits) => [digits, { intValue: digits }]))))
  expect((await details<{ attributes: object }>()).attributes).toEqual({
    '9223372036854775807': { int: '9223372036854775807' },
    '9007199254740993': { int: '9007199254740993' },
    '-9223372036854775808': { int: '-9223372036854775808' },
    '9007199254740991': 9007199254740991,
  })
})

test('a long whole number that JSON has as a number keeps its digits', async () => {
  await sendJson(
    attributesOf({ id: { intValue: 'ID' }, said: { stringValue: '"intValue": 9007199254740993' } }),
    (body) => body.replace('"ID"', '9007199254740993'),
  )
  expect(await details()).toMatchObject({
    attributes: { id: { int: '9007199254740993' }, said: '"intValue": 9007199254740993' },
  })
})

test('a span that cannot be read says nothing of the numbers of the next', () => {
  const broken = oddSpan(
    attributesOf({ n: { arrayValue: { values: [{ doubleValue: 2 }, { intValue: 'nonsense' }] } } }),
  )
  const next = { ...good, ...attributesOf({ n: { intValue: 3 } }) }
  const body = { resourceSpans: [{ resource: resourceOf('shop'), scopeSpans: [{ spans: [broken, next] }] }] }
  const { spans, rejected } = decodeJson(Buffer.from(JSON.stringify(body)))
  expect(rejected).toBe(1)
  expect(spans).toMatchObject([{ spanId: ids.good, attributes: { n: 3 }, wholeDoubles: [] }])
})

test.each(both)('%s: what is no finite number is shown as a word', async (_encoding, send) => {
  const words = ['NaN', 'Infinity', '-Infinity']
  await send(attributesOf({ ...Object.fromEntries(words.map((word) => [word, { doubleValue: word }])), empty: {} }))
  expect((await details<{ attributes: object }>()).attributes).toEqual({
    NaN: { double: 'NaN' },
    Infinity: { double: 'Infinity' },
    '-Infinity': { double: '-Infinity' },
    empty: null,
  })
})

test.each(['chrome', 'jaeger'])(
  'what is written for %s has them as text, and nothing of how they are kept',
  async (form) => {
    const long = { intValue: '9223372036854775807' }
    const values = {
      long,
      none: { doubleValue: 'NaN' },
      list: { arrayValue: { values: [long] } },
      int: { stringValue: 'x' },
    }
    await sendJson(attributesOf(values))
    const text = await (await fetch(`${url}/traces/${traceId}/${form}`)).text()
    expect(text).not.toMatch(/\{\\?"(int|double)\\?":/)
    if (form === 'jaeger') return
    const { traceEvents } = JSON.parse(text) as { traceEvents: { name: string; args?: object }[] }
    expect(traceEvents.find(({ name }) => name === 'odd!')?.args).toMatchObject({
      long: '9223372036854775807',
      none: 'NaN',
      list: ['9223372036854775807'],
      int: 'x',
    })
  },
)

const deep = `${'{"arrayValue":{"values":['.repeat(5000)}{}${']}}'.repeat(5000)}`

test.each<[string, Changes, string, ((body: string) => string)?]>([
  ['a number that is an object', attributesOf({ x: { intValue: { toNumber: 1 } } }), '.attributes[0].value.intValue'],
  ['a time that is an object', { startTimeUnixNano: { toNumber: 1 } }, '.startTimeUnixNano'],
  ['a kind that names what all lists have', { kind: 'length' }, '.kind'],
  ['a status that names what all lists have', { status: { code: 'at' } }, '.status.code'],
  ['a kind that names what all objects have', { kind: 'SPAN_KIND_CONSTRUCTOR' }, '.kind'],
  ['a kind between two', { kind: 1.5 }, '.kind'],
  ['a name that is a number', { name: 5 }, '.name'],
  ['a time that is none', { startTimeUnixNano: 'noon' }, '.startTimeUnixNano'],
  ['a time before all times', { endTimeUnixNano: '-1' }, '.endTimeUnixNano'],
  ['a time beyond all times', { endTimeUnixNano: '1e999' }, '.endTimeUnixNano'],
  [
    'a time beyond all times, as a number',
    { endTimeUnixNano: 'HUGE' },
    '.endTimeUnixNano',
    (body) => body.replace('"HUGE"', '1e999'),
  ],
  ...['1e999', '9223372036854775808', '-9223372036854775809', '9223372036854775809', '9.3e18', '0.5'].map(
    (intValue): [string, Changes, string] => [
      `${intValue} as a whole number of 64 bits`,
      attributesOf({ x: { intValue } }),
      '.attributes[0].value.intValue',
    ],
  ),
  [
    'a whole number beyond 64 bits, as a number',
    attributesOf({ x: { intValue: 'HUGE' } }),
    '.attributes[0].value.intValue',
    (body) => body.replace('"HUGE"', '9223372036854775808'),
  ],
  ['a time just beyond all times', { endTimeUnixNano: '18446744073709551616' }, '.endTimeUnixNano'],
  ['attributes that are no list', { attributes: {} }, '.attributes'],
  [
    'values 5,000 deep',
    attributesOf({ x: { stringValue: 'deep' } }),
    '.attributes[0].value',
    (body) => body.replace('{"stringValue":"deep"}', deep),
  ],
  ['no trace id', { traceId: '' }, '.traceId'],
  ['a span id of zeros', { spanId: '0000000000000000' }, '.spanId'],
  ['nothing at all', {}, '', (body) => body.replace(/\{"name":"odd!".*?"attributes":\[\][^}]*\}/, 'null')],
])('a span with %s is rejected alone, with the place and the reason', async (_what, changes, place, edit) => {
  const rejection = await sendJson(changes, edit)
  expect(rejection).toEqual({ rejectedSpans: '1', errorMessage: expect.stringContaining(`${at}${place}`) as string })
  expect(rejection).toMatchObject({ errorMessage: expect.stringMatching(/expected (?!.*expected)/) as string })
  expect(await details(ids.good)).toMatchObject({ name: 'good' })
  expect(await get(`/traces/${traceId}`)).toMatchObject({ spans: 1 })
})

test('a span that is no protobuf is rejected alone', async () => {
  // The tag of a group's end, which is none of the protocol's.
  const rejection = await sendProtobuf({}, (body) => body.replace('\x2a\x04odd!', '\x2c\x04odd!'))
  expect(rejection).toEqual({
    rejectedSpans: '1',
    errorMessage: expect.stringContaining(`${at}: expected a Span in protobuf`) as string,
  })
  expect(await get(`/traces/${traceId}`)).toMatchObject({ spans: 1 })
})

test('a resource that cannot be read costs its own spans, and no others', async () => {
  const resource = (value: unknown) => ({ attributes: [{ key: 'service.name', value: { stringValue: value } }] })
  const { bytes } = await post(
    JSON.stringify({
      resourceSpans: [
        { resource: resource(5), scopeSpans: [{ spans: [oddSpan({}), oddSpan({ spanId: 'aaaaaaaaaaaaaaaa' })] }] },
        { resource: resource('shop'), scopeSpans: [{ spans: [good] }, null] },
      ],
    }),
    'application/json',
  )
  expect(JSON.parse(bytes.toString())).toEqual({
    partialSuccess: {
      rejectedSpans: '3',
      errorMessage: 'resourceSpans[0].resource.attributes[0].value.stringValue: expected text',
    },
  })
  expect(await get(`/traces/${traceId}`)).toMatchObject({ spans: 1, services: ['shop'] })
})

test.each(['__proto__', 'constructor', 'toString', 'length', 'hasOwnProperty'])(
  'a span, an event, a service, an attribute and a scenario may be called %s',
  async (word) => {
    const changes = {
      name: word,
      events: [{ name: word, timeUnixNano: '1700000000050000000' }],
      attributes: [word, 'ati.scenario', 'ati.agent.id', 'gen_ai.operation.name'].map((key) => ({
        key,
        value: { stringValue: word },
      })),
    }
    const request = requestOf(oddSpan(changes))
    request.resourceSpans[0]!.resource = resourceOf(word)
    expect((await post(encode(request), 'application/x-protobuf')).status).toBe(200)
    expect(await details()).toMatchObject({ name: word, service: word, events: [{ name: word }] })
    expect(Object.entries((await details<{ attributes: object }>()).attributes)).toContainEqual([word, word])
    for (const path of ['', '/reveal', '/picture', '/chrome'])
      expect((await fetch(`${url}/traces/${traceId}${path}`)).status, path).toBe(200)
  },
)
