import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { toolApp } from '../../test/support/apps.ts'
import { behaviorHeader, encodeBehavior, fails } from 'contract/tool'

const { app, inFlight } = toolApp({ delayMs: 3, errorRate: 0 })
const problemJson = /^application\/problem\+json/

describe('GET /tool/:tool_name', () => {
  it('says what it did', async () => {
    const { body } = await request(app).get('/tool/search?delay_ms=1&payload_size_kb=2').expect(200)
    expect(body).toMatchObject({ tool: 'search', delay_ms: 1, ok: true, service: 'synthetic-tool-service' })
    expect(body.payload).toHaveLength(2048)
  })

  it('takes its defaults from the environment, and any name', async () => {
    const { body } = await request(app).get('/tool/whatever.you-like').expect(200)
    expect(body).toMatchObject({ tool: 'whatever.you-like', delay_ms: 3, payload: '' })
  })

  it('fails with a 503 that asks for no patience', async () => {
    const response = await request(app)
      .get('/tool/search?error_rate=1&delay_ms=0')
      .expect(503)
      .expect('Content-Type', problemJson)
    expect(response.headers['retry-after']).toBeUndefined()
    expect(response.body).toMatchObject({ status: 503, tool: 'search', ok: false, delay_ms: 0 })
  })

  it('fails with the status that it is asked for, and asks for patience where it is asked to', async () => {
    const asked = { delayMs: 0, errorRate: 1, payloadKb: 0, seed: 'a', key: 'k', status: 429, retryAfterS: 7 }
    const refused = await request(app)
      .get('/tool/search')
      .set(behaviorHeader, encodeBehavior(asked))
      .expect(429)
      .expect('Retry-After', '7')
      .expect('Content-Type', problemJson)
    expect(refused.body).toMatchObject({ status: 429, tool: 'search', ok: false, delay_ms: 0 })
    await request(app).get('/tool/search?error_rate=1&status=422&delay_ms=0').expect(422)
    // What does not fail has neither.
    const { headers } = await request(app).get('/tool/search?status=429&retry_after_s=7&delay_ms=0').expect(200)
    expect(headers['retry-after']).toBeUndefined()
    await request(app).get('/tool/search?status=200').expect(400)
  })

  it('streams 50 chunks over the delay', async () => {
    const { text } = await request(app).get('/tool/search?stream=1&delay_ms=20').expect(200)
    expect(text).toBe(Array.from({ length: 50 }, (_, index) => `chunk ${index} from search\n`).join(''))
  })

  it('lets the header win over the query', async () => {
    const header = encodeBehavior({ delayMs: 2.5, errorRate: 0, payloadKb: 0, seed: 'a', key: 'worker/1/call/0' })
    const { body } = await request(app)
      .get('/tool/search?delay_ms=1000&error_rate=1')
      .set(behaviorHeader, header)
      .expect(200)
    expect(body.delay_ms).toBe(2.5)
  })

  it('fails the same way each time for the same seed and key, and as the agent expects', async () => {
    const outcomes: boolean[] = []
    for (let call = 0; call < 40; call++) {
      const behavior = { delayMs: 0, errorRate: 0.5, payloadKb: 0, seed: 'a', key: `worker/${call}/call/0` }
      const statuses = new Set<number>()
      for (let again = 0; again < 3; again++)
        statuses.add((await request(app).get('/tool/search').set(behaviorHeader, encodeBehavior(behavior))).status)
      expect([...statuses]).toEqual([fails(behavior) ? 503 : 200])
      outcomes.push(fails(behavior))
    }
    expect(new Set(outcomes).size).toBe(2)
  })

  it('answers the same text for the same seed and key, and compression cannot fold it', async () => {
    const ask = (key: string) =>
      request(app)
        .get('/tool/search')
        .set(behaviorHeader, encodeBehavior({ delayMs: 0, errorRate: 0, payloadKb: 64, seed: 'a', key }))
    const [one, same, other] = [await ask('x/0'), await ask('x/0'), await ask('y/0')]
    expect(same.body.payload).toBe(one.body.payload)
    expect(other.body.payload).not.toBe(one.body.payload)
    const { gzipSync } = await import('node:zlib')
    expect(gzipSync(one.body.payload).length).toBeGreaterThan(0.7 * one.body.payload.length)
  })

  it.each([
    ['delay_ms=abc', 'delay_ms'],
    ['delay_ms=-1', 'delay_ms'],
    ['error_rate=2', 'error_rate'],
    ['payload_size_kb=100000', 'payload_size_kb'],
    ['stream=maybe', 'stream'],
    ['delay=1', 'delay'],
    ['delay_ms=1&delay_ms=2', 'delay_ms'],
  ])('refuses %s', async (query, parameter) => {
    const { body } = await request(app).get(`/tool/search?${query}`).expect(400).expect('Content-Type', problemJson)
    expect(body.errors.map((fault: { parameter: string }) => fault.parameter)).toEqual([parameter])
    expect(inFlight()).toBe(0)
  })

  it('refuses a bad header like a bad query', async () => {
    await request(app)
      .get('/tool/search')
      .set(behaviorHeader, 'delay_ms=soon')
      .expect(400)
      .expect('Content-Type', problemJson)
  })

  it('answers what was asked, the same each time, with the flaw that is asked for', async () => {
    const query = `delay_ms=0&seed=a&arguments=${encodeURIComponent('{"query":"price list","limit":3}')}`
    const [one, same] = [
      await request(app).get(`/tool/search?${query}`),
      await request(app).get(`/tool/search?${query}`),
    ]
    expect(one.body.result).toMatchObject({ error: null, count: one.body.result.results.length })
    expect(same.body.result).toEqual(one.body.result)
    const changed = await request(app).get(`/tool/search?${query}&version=2`)
    expect(changed.body.result).not.toEqual(one.body.result)
    const { body } = await request(app).get(`/tool/search?${query}&flaw=error`).expect(200)
    expect(body).toMatchObject({ ok: true, result: { error: { code: 'backend_unavailable' } } })
  })

  it('refuses with strict what no tool is, and what its schema does not take; otherwise only what nobody can read', async () => {
    const ask = (tool: string, query: string) => request(app).get(`/tool/${tool}?delay_ms=0&${query}`)
    const refused = { ok: false, delay_ms: 0, service: 'synthetic-tool-service' }
    const unknown = await ask('serach', 'strict=true').expect(404).expect('Content-Type', problemJson)
    expect(unknown.body).toMatchObject({ ...refused, tool: 'serach', title: 'No such tool' })
    expect(unknown.body.detail).toMatch(/^tool_name=serach: expected one of search, /)
    const wrong = await ask('search', 'strict=true&arguments={"query":5}')
      .expect(422)
      .expect('Content-Type', problemJson)
    expect(wrong.body).toMatchObject({
      ...refused,
      errors: [{ parameter: 'query', value: '5', expected: 'text of 1 to 200 characters' }],
    })
    await ask('search', 'strict=true').expect(422)
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
      await ask(name, 'strict=true').expect(404)
      await ask(name, '').expect(200)
    }
    for (const strict of ['true', 'false'])
      for (const text of ['{', '[]', 'null', `{"a":"${'x'.repeat(5000)}"}`]) {
        const { body } = await ask('search', `strict=${strict}&arguments=${text}`).expect(400)
        expect(body.errors).toMatchObject([{ parameter: 'arguments' }])
      }
    await ask('serach', 'arguments={"query":5}').expect(200)
    expect(inFlight()).toBe(0)
  })

  it('takes GET and nothing else, from no page of another site', async () => {
    for (const method of ['head', 'post'] as const)
      await request(app)[method]('/tool/search').expect(405).expect('Allow', 'GET')
    await request(app).get('/tool/search').set('Sec-Fetch-Site', 'cross-site').expect(403)
  })

  it.each(['/health', '/telemetry', '/tools'])('answers HEAD of %s', async (path) => {
    await request(app).head(path).expect(200)
  })
})

it('GET /tools says what there is, and by which schema each is asked', async () => {
  const { body } = await request(app).get('/tools').expect(200)
  const search = body.tools.find(({ name }: { name: string }) => name === 'search')
  expect(search).toMatchObject({
    type: 'function',
    description: 'Searches the web',
    parameters: {
      type: 'object',
      anyOf: [
        { type: 'object', required: ['query'], additionalProperties: false },
        { type: 'object', required: ['action'], additionalProperties: false },
      ],
    },
  })
  for (const { name } of body.tools) await request(app).get(`/tool/${name}?delay_ms=0`).expect(200)
})

it('GET /health says how many calls are being played', async () => {
  const slow = request(app)
    .get('/tool/search?delay_ms=100')
    .then(({ status }) => status)
  await expect.poll(async () => (await request(app).get('/health')).body.in_flight).toBe(1)
  expect(await slow).toBe(200)
  expect((await request(app).get('/health')).body).toEqual({
    status: 'ok',
    service: 'synthetic-tool-service',
    in_flight: 0,
  })
})
