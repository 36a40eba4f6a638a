import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { Lifecycle } from 'service-kit/serve'
import request from 'supertest'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { createApp } from '../src/app.ts'
import { encode, protocol as root, resourceOf, spanOf } from './support/otlp.ts'

const id = (byte: number, length: number) => Buffer.alloc(length, byte).toString('hex')
const traceId = (number: number) => id(number, 16)

let server: Server
let url: string

async function start(maxBytes = 64 * 1024 * 1024): Promise<void> {
  server?.closeAllConnections()
  server?.close()
  server = createServer(createApp({ agents: [], allowedHosts: [], maxBytes, lifecycle: new Lifecycle() }).app)
  url = await listen(server)
}
beforeEach(() => start())
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function answerOf(response: Response) {
  const bytes = Buffer.from(await response.arrayBuffer())
  const type = response.headers.get('content-type')?.split(';')[0]
  const isJson = type?.endsWith('json') === true
  return {
    status: response.status,
    type,
    allow: response.headers.get('allow'),
    bytes,
    body: (isJson ? JSON.parse(bytes.toString()) : undefined) as Record<string, unknown>,
  }
}

const get = async (path: string) => answerOf(await fetch(url + path))
const post = async (body: string | Buffer, type: string, encoding = 'identity', path = '/v1/traces') =>
  answerOf(
    await fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': type, 'Content-Encoding': encoding },
      body: Buffer.from(body),
    }),
  )
const postJson = (body: unknown) => post(typeof body === 'string' ? body : JSON.stringify(body), types.json)

const requestOf = (...spans: ReturnType<typeof spanOf>[]) => ({
  resourceSpans: [{ resource: resourceOf('shop'), scopeSpans: [{ scope: { name: 'till', version: '1.2.3' }, spans }] }],
})

const rich = spanOf({
  traceId: traceId(1),
  spanId: id(2, 8),
  parentSpanId: id(3, 8),
  name: 'rich',
  kind: 3,
  startTimeUnixNano: '1763823456123456789',
  endTimeUnixNano: '1763823456223456789',
  attributes: [
    { key: 'text', value: { stringValue: 'ä' } },
    { key: 'whole', value: { intValue: '-5' } },
    { key: 'part', value: { doubleValue: 0.25 } },
    { key: 'yes', value: { boolValue: true } },
    { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: 1 }] } } },
    { key: '__proto__', value: { stringValue: 'x' } },
  ],
  events: [{ name: 'seen', timeUnixNano: '1763823456173456789', attributes: [] }],
  links: [{ traceId: traceId(1), spanId: id(4, 8) }],
  status: { code: 2, message: 'boom: connection refused' },
  traceState: 'vendor=1',
  flags: 257,
  droppedAttributesCount: 3,
  droppedEventsCount: 2,
  droppedLinksCount: 1,
})
const richDetails = {
  trace_id: traceId(1),
  span_id: id(2, 8),
  parent_span_id: id(3, 8),
  name: 'rich',
  kind: 'client',
  service: 'shop',
  status: 'error',
  status_message: 'boom: connection refused',
  start_ms: 1763823456123.4568,
  end_ms: 1763823456223.4568,
  duration_ms: 100,
  odd_times: null,
  attributes: { text: 'ä', whole: -5, part: 0.25, yes: true, list: ['a', 1], ['__proto__']: 'x' },
  events: [{ name: 'seen', time_ms: 1763823456173.4568, attributes: {} }],
  links: [{ trace_id: traceId(1), span_id: id(4, 8) }],
  dropped: { attributes: 3, events: 2, links: 1 },
  scope: { name: 'till', version: '1.2.3' },
  resource: { 'service.name': 'shop' },
  trace_state: 'vendor=1',
  flags: 257,
}

const types = { json: 'application/json', protobuf: 'application/x-protobuf' }
const bodies = { json: (request: object) => Buffer.from(JSON.stringify(request)), protobuf: encode }

test.each([
  ['json', 'identity'],
  ['json', 'gzip'],
  ['protobuf', 'identity'],
  ['protobuf', 'gzip'],
] as const)('takes %s, %s, with all that a span has', async (encoding, compression) => {
  const body = bodies[encoding](requestOf(rich))
  const response = await post(compression === 'gzip' ? gzipSync(body) : body, types[encoding], compression)
  expect(response.status).toBe(200)
  expect(response.type).toBe(types[encoding])
  const span = await get(`/traces/${traceId(1)}/spans/${id(2, 8)}`)
  expect(span.body).toEqual(richDetails)
})

test('JSON may name kinds and statuses, write ids in capitals, and say what nobody asked for', async () => {
  const request = JSON.stringify(requestOf(rich))
    .replace('"kind":3', '"kind":"SPAN_KIND_CLIENT","nobody":"asked"')
    .replace('"code":2', '"code":"STATUS_CODE_ERROR"')
    .replaceAll(/"(?:traceId|spanId|parentSpanId)":"[^"]*"/g, (text) =>
      text.replace(/"[^"]*"$/, (hex) => hex.toUpperCase()),
    )
  expect((await postJson(request)).status).toBe(200)
  expect((await get(`/traces/${traceId(1)}/spans/${id(2, 8)}`)).body).toEqual(richDetails)
})

test('an empty request is a good one', async () => {
  expect((await postJson('{}')).body).toEqual({})
  const response = await post(Buffer.alloc(0), types.protobuf)
  expect([response.status, response.type]).toEqual([200, types.protobuf])
})

test.each([
  ['nothing', '', /the body: expected JSON/],
  ['half of it', '{"resourceSpans":[', /the body: expected JSON/],
  ['a list', '[]', /the body: expected an object/],
  ['no list', '{"resourceSpans":{}}', /resourceSpans: expected a list/],
])('JSON that is %s is a 400 that says so, in JSON', async (_what, body, message) => {
  const response = await postJson(body)
  expect([response.status, response.type]).toEqual([400, 'application/json'])
  expect(response.body).toEqual({ code: 3, message: expect.stringMatching(message) as string })
  expect((await get('/health')).body).toMatchObject({ status: 'ok', spans: 0 })
})

test('protobuf that is none is a 400 that says so, in protobuf', async () => {
  const response = await post(Buffer.from('not protobuf'), types.protobuf)
  expect([response.status, response.type]).toEqual([400, types.protobuf])
  expect(root.lookupType('Failure').decode(response.bytes)).toMatchObject({
    code: 3,
    message: expect.stringMatching('ExportTraceServiceRequest in protobuf') as string,
  })
})

test('gzip that is none is a 400', async () => {
  const response = await post(Buffer.from('{}'), types.json, 'gzip')
  expect([response.status, response.body]).toMatchObject([400, { code: 3 }])
})

test.each([['text/plain'], ['application/xml'], ['']])('a body of type %j is a 415', async (type) => {
  const response = await post('{}', type)
  expect([response.status, response.type]).toEqual([415, 'application/problem+json'])
})

test('a compression that is not known is a 415', async () => {
  const response = await post('{}', types.json, 'rot13')
  expect([response.status, response.body]).toMatchObject([415, { code: 3 }])
})

test('a body over 64 MiB is a 413, also when it only becomes that large', async () => {
  const zeros = Buffer.alloc(65 * 1024 * 1024)
  const plain = await post(zeros, types.json)
  expect([plain.status, plain.body]).toMatchObject([413, { code: 8 }])
  const bomb = await post(gzipSync(zeros), types.json, 'gzip')
  expect([bomb.status, bomb.body]).toMatchObject([413, { code: 8 }])
  expect((await get('/health')).status).toBe(200)
})

test('any other method is a 405 that says which', async () => {
  const response = await get('/v1/traces')
  expect([response.status, response.allow]).toEqual([405, 'POST'])
  const other = await post('{}', types.json, 'identity', '/traces')
  expect([other.status, other.allow]).toEqual([405, 'GET, HEAD'])
})

test('spans without ids are rejected and counted; the others are kept', async () => {
  const bad = [spanOf({ traceId: '', spanId: id(5, 8) }), spanOf({ traceId: traceId(1), spanId: '0000000000000000' })]
  const json = await postJson(requestOf(rich, ...bad))
  expect([json.status, json.body]).toEqual([
    200,
    {
      partialSuccess: {
        rejectedSpans: '2',
        errorMessage: 'resourceSpans[0].scopeSpans[0].spans[1].traceId: expected 32 hex digits that are not all 0',
      },
    },
  ])
  const response = await post(encode(requestOf(...bad)), types.protobuf)
  const decoded = root.lookupType('ExportTraceServiceResponse').decode(response.bytes).toJSON()
  expect(decoded).toMatchObject({ partialSuccess: { rejectedSpans: '2' } })
  expect((await get('/health')).body).toMatchObject({ traces: 1, spans: 1 })
})

const fill = (number: number, spans: number) => {
  const spanId = (index: number) => (index + 1).toString(16).padStart(16, '0')
  const many = Array.from({ length: spans }, (_, index) => spanOf({ traceId: traceId(number), spanId: spanId(index) }))
  return postJson(requestOf(...many))
}

test('memory is bounded: the oldest traces go first, and are counted', async () => {
  await start(512 * 1024)
  for (let number = 1; number <= 20; number++) expect((await fill(number, 100)).body).toEqual({})
  const { forgotten_traces: forgotten, traces, spans } = (await get('/health')).body as Record<string, number>
  expect(forgotten).toBeGreaterThan(0)
  expect(traces).toBe(20 - (forgotten as number))
  expect(spans).toBe(100 * (traces as number))
  const gone = await get(`/traces/${traceId(1)}`)
  expect([gone.status, gone.body]).toMatchObject([404, { detail: expect.stringMatching('INSPECTOR_MIB') as string }])
  expect((await get(`/traces/${traceId(20)}`)).status).toBe(200)
  const { recent } = (await get('/traces')).body as { recent: { trace_id: string }[] }
  expect(recent[0]?.trace_id).toBe(traceId(20))
})

test('a trace that alone takes all the memory loses its last spans, and says so to who sends them', async () => {
  await start(512 * 1024)
  const { partialSuccess } = (await fill(1, 3000)).body
  const { rejectedSpans, errorMessage } = partialSuccess as { rejectedSpans: string; errorMessage: string }
  expect(errorMessage).toMatch('INSPECTOR_MIB')
  const health = (await get('/health')).body as Record<string, number>
  expect((health.spans as number) + Number(rejectedSpans)).toBe(3000)
  expect(health.rejected_spans).toBe(Number(rejectedSpans))
  // It makes room for the next.
  expect((await fill(2, 100)).body).toEqual({})
  expect((await get('/health')).body).toMatchObject({ traces: 1, spans: 100, forgotten_traces: 1 })
})

test('what is asked wrongly is answered as a problem', async () => {
  for (const [path, status] of [
    ['/traces/xyz', 400],
    [`/traces/${traceId(9)}`, 404],
    [`/traces/${traceId(9)}/reveal`, 404],
    [`/traces/${traceId(9)}/verify?wait_s=601`, 400],
    [`/traces/${traceId(9)}/verify?wait=1`, 400],
    ['/nowhere', 404],
  ] as const) {
    const response = await get(path)
    expect([path, response.status, response.type]).toEqual([path, status, 'application/problem+json'])
  }
})

test.each(['metrics', 'logs'])('%s are taken, in both encodings, and not kept', async (signal) => {
  const path = `/v1/${signal}`
  const json = await post('{"resourceMetrics":[{}]}', types.json, 'identity', path)
  expect([json.status, json.type, json.body]).toEqual([200, types.json, {}])
  const protobuf = await post(Buffer.from([1, 2, 3]), types.protobuf, 'identity', path)
  expect([protobuf.status, protobuf.type, protobuf.bytes.length]).toEqual([200, types.protobuf, 0])
  const response = await get(path)
  expect([response.status, response.allow]).toEqual([405, 'POST'])
  expect((await post('{}', 'text/plain', 'identity', path)).status).toBe(415)
  expect((await get('/health')).body).toMatchObject({ spans: 0, rejected_spans: 0, refused_requests: 1 })
})

test('what was turned down is counted, and the last reason told, on one line', async () => {
  await postJson('no\nJSON')
  const bad = spanOf({ traceId: traceId(1), spanId: '' })
  await postJson(requestOf(rich, bad))
  const told = {
    rejected_spans: 1,
    refused_requests: 1,
    last_refusal: expect.stringMatching(/^resourceSpans.*spanId: expected 16 hex digits/) as string,
  }
  expect((await get('/health')).body).toMatchObject(told)
  expect((await get('/traces')).body).toMatchObject(told)
  await post('a\u2028b\nc', 'text/plain')
  const { last_refusal } = (await get('/health')).body
  expect(last_refusal).toBe('Content-Type text/plain: expected application/json or application/x-protobuf')
  await postJson('a\nb\u2028c')
  expect((await get('/health')).body.last_refusal).not.toMatch(/[\n\u2028]/)
})

test.each([
  [
    'a name that is not ours',
    '/v1/traces',
    types.json,
    'collector.lan:4319',
    421,
    /^POST .*"collector.lan:4319".*ALLOWED_HOSTS/,
  ],
  ['such a name, and no type', '/v1/metrics', 'text/plain', 'collector.lan', 421, /^POST .*ALLOWED_HOSTS/],
  ['a path that is not', '/v1/trace', types.protobuf, 'localhost', 404, /^POST \/v1\/trace: .* at POST \/v1\/traces$/],
  ['no path', '/', `${types.json};charset=utf-8`, 'localhost', 405, /^POST \/: .* at POST \/v1\/traces$/],
  [
    'a path of others',
    '/api/traces',
    types.protobuf,
    'localhost',
    404,
    /^POST \/api\/traces: .* at POST \/v1\/traces$/,
  ],
  ['a path with a token', '/otlp/t0ps3cret', types.protobuf, 'localhost', 404, /^POST \/otlp\/…: .* \/v1\/traces$/],
])(
  'spans that are sent to %s are counted as turned down, with the remedy',
  async (_what, path, type, host, status, why) => {
    await request(server).post(path).set({ Host: host, 'Content-Type': type }).send('{}').expect(status)
    expect((await get('/health')).body).toMatchObject({
      refused_requests: 1,
      last_refusal: expect.stringMatching(why) as string,
    })
  },
)

test("what goes astray and is nobody's export is not counted", async () => {
  for (const [method, path, type, host] of [
    ['get', '/v1/traces', types.json, 'rebound.example'],
    ['put', '/v1/traces', types.json, 'localhost'],
    ['post', '/', 'text/plain', 'rebound.example'],
    ['post', '/run', types.json, 'localhost'],
    ['post', '/health', types.json, 'localhost'],
    ['post', `/traces/${traceId(9)}/answer`, types.json, 'localhost'],
    ['post', `/traces/${traceId(9)}/answer`, types.json, 'rebound.example'],
  ] as const) {
    const sent = request(server)[method](path).set({ Host: host, 'Content-Type': type })
    const { status } = await (method === 'post' ? sent.send('{"span_ids":[]}') : sent)
    expect([404, 405, 421], path).toContain(status)
  }
  expect((await get('/health')).body).toMatchObject({ refused_requests: 0, last_refusal: null })
})

test.each([
  ['json', Buffer.from(`{"resourceSpans":[${'{},'.repeat(15_000_000)}{}]}`), 'at most 4000000 objects and lists'],
  ['protobuf', Buffer.alloc(40_000_000, Buffer.from([0x0a, 0])), 'over 1000000 fields'],
] as const)(
  '%s of empty messages is turned down before it takes a hundred times its size',
  async (encoding, body, why) => {
    expect((await post(body, types[encoding])).status).toBe(400)
    expect((await get('/health')).body).toMatchObject({ last_refusal: expect.stringContaining(why) as string })
  },
)
