import { scenarioNames } from 'contract/scenarios'
import { createServer } from 'node:http'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { agentApp, listen, startApps } from '../../test/support/apps.ts'
import { ownPathOf } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'

let apps: Awaited<ReturnType<typeof startApps>>
let app: Awaited<ReturnType<typeof startApps>>['app']

beforeAll(async () => {
  apps = await startApps()
  app = apps.app
})
afterAll(() => apps.close())

const problemJson = /^application\/problem\+json/

describe('GET /run', () => {
  it('runs fanout when no scenario is named', async () => {
    for (const path of ['/run?fanout=3', '/run?fanout=3&scenario=']) {
      const { body } = await request(app).get(path).expect(200)
      expect(body).toMatchObject({
        ok: true,
        scenario: 'fanout',
        params: { fanout: 3, stragglers: 1, concurrency: 20, delay_ms: 5 },
      })
    }
  })

  it('takes an empty value as absent', async () => {
    const { body } = await request(app).get('/run?fanout=&seed=').expect(200)
    expect(body).toMatchObject({ params: { fanout: 100 }, seed: expect.stringMatching(/^[0-9a-f]{16}$/) })
  })

  it.each([
    [
      'an unknown parameter',
      'colour=red',
      [{ parameter: 'colour', value: 'red', expected: /^one of fanout, concurrency/ }],
    ],
    ['letters for a number', 'fanout=abc', [{ parameter: 'fanout', value: 'abc', expected: /from 1 to 10000/ }]],
    ['a sign', 'fanout=-1', [{ parameter: 'fanout', value: '-1', expected: /from 1 to 10000/ }]],
    ['an exponent', 'fanout=1e9', [{ parameter: 'fanout', value: '1e9', expected: /from 1 to 10000/ }]],
    ['a blank inside', 'fanout=1%200', [{ parameter: 'fanout', value: '1 0', expected: /from 1 to 10000/ }]],
    ['hexadecimal', 'fanout=0x10', [{ parameter: 'fanout', value: '0x10', expected: /from 1 to 10000/ }]],
    ['two dots', 'error_rate=0.1.2', [{ parameter: 'error_rate', value: '0.1.2', expected: /from 0 to 1/ }]],
    ['a value out of range', 'error_rate=1.01', [{ parameter: 'error_rate', value: '1.01', expected: /from 0 to 1/ }]],
    ['a repeated parameter', 'fanout=1&fanout=2', [{ parameter: 'fanout', value: '1, 2', expected: /once/ }]],
    ['a long seed', `seed=${'x'.repeat(65)}`, [{ parameter: 'seed', expected: /1 to 64/ }]],
    ['a blank in a seed', 'seed=a%20b', [{ parameter: 'seed', value: 'a b', expected: /without blanks/ }]],
    ["another scenario's parameter", 'depth=3', [{ parameter: 'depth', value: '3', expected: /only with chain/ }]],
    [
      'a word that is none of the few',
      'scenario=human&outcome=maybe',
      [{ parameter: 'outcome', value: 'maybe', expected: /approve, reject, expire/ }],
    ],
    ['a repeated scenario', 'scenario=chain&scenario=dag', [{ parameter: 'scenario', expected: /once/ }]],
    [
      'several at once',
      'fanout=0&delay_ms=x&nothing=1',
      [
        { parameter: 'nothing', expected: /one of/ },
        { parameter: 'fanout', value: '0', expected: /from 1/ },
        { parameter: 'delay_ms', value: 'x', expected: /from 0/ },
      ],
    ],
  ])('refuses %s', async (_what, query, faults) => {
    const { body } = await request(app).get(`/run?${query}`).expect(400).expect('Content-Type', problemJson)
    expect(body.status).toBe(400)
    expect(body.errors).toHaveLength(faults.length)
    for (const [index, fault] of faults.entries()) {
      expect(body.errors[index]).toMatchObject({ ...fault, expected: expect.stringMatching(fault.expected) })
      expect(body.detail).toContain(fault.parameter)
    }
    expect(apps.inFlight()).toBe(0)
  })

  it.each([
    ['fanout=3&stragglers=4', { parameter: 'stragglers', value: '4', expected: 'at most fanout, which is 3' }],
    [
      'scenario=rag&rag_chunks=1000&rag_chunk_size_kb=1000',
      { parameter: 'rag_chunk_size_kb', expected: expect.stringMatching(/^at most 65 with/) },
    ],
  ])('refuses what is well by itself and not together: %s', async (query, fault) => {
    const { body } = await request(app).get(`/run?${query}`).expect(409).expect('Content-Type', problemJson)
    expect(body).toMatchObject({ status: 409, errors: [fault] })
    expect(apps.inFlight()).toBe(0)
  })

  it('takes decimals as JSON writes them', async () => {
    const { body } = await request(app).get('/run?fanout=1&jitter=1e-7&delay_ms=1E0&llm_delay_ms=-0').expect(200)
    expect(body.params).toMatchObject({ jitter: 1e-7, delay_ms: 1, llm_delay_ms: 0 })
    expect((await request(app).get(body.replay).expect(200)).body.params).toEqual(body.params)
  })

  it('names the known scenarios when asked for another', async () => {
    const { body } = await request(app).get('/run?scenario=nothing').expect(404).expect('Content-Type', problemJson)
    expect(body.known).toEqual(scenarios.filter(({ path }) => path === '/run').map(({ name }) => name))
  })

  it('has a path of its own for each scenario, with its own parameters alone', async () => {
    const { body } = await request(app).get('/run/chain?depth=2&seed=a').expect(200)
    expect(body).toMatchObject({ scenario: 'chain', params: { depth: 2 } })
    expect(body.replay).toMatch(/^\/run\/chain\?depth=2&.*&seed=a$/)
    expect(body.replay).not.toContain('scenario=')
    const { body: again } = await request(app).get(body.replay).expect(200)
    expect(again.replay).toBe(body.replay)
    for (const query of ['fanout=2', 'scenario=chain']) await request(app).get(`/run/chain?${query}`).expect(400)
    const { body: unknown } = await request(app).get('/run/nothing').expect(404)
    expect(unknown.known).toContain('chain')
    await request(app).get('/run/stream').expect(404)
  })

  it('sends those who want the stream to /stream', async () => {
    const { body } = await request(app).get('/run?scenario=stream').expect(404)
    expect(body.detail).toContain('/stream')
  })

  it('answers 502 when nobody is there to answer, and says of which run', async () => {
    const server = createServer()
    const url = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const { app: alone, tools } = agentApp(url)
    for (const { name, path } of scenarios.filter((scenario) => scenario.path === '/run')) {
      const { body } = await request(alone)
        .get(`${path}?scenario=${name}&seed=a`)
        .expect(502)
        .expect('Content-Type', problemJson)
      expect(body).toMatchObject({
        seed: 'a',
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        replay: expect.stringContaining('seed=a'),
      })
      const { body: ledger } = await request(alone).get(`/runs/${body.trace_id}`).expect(200)
      const open = ledger.runs[0].steps.filter((step: { duration_ms: number | null }) => step.duration_ms === null)
      expect(open).toEqual([])
      const workflow = ledger.runs[0].steps.find((step: { key: string }) => step.key === 'workflow')
      expect(workflow).toMatchObject({ status: 'error', error_type: 'tool_service_unreachable' })
    }
    await request(alone).get('/ready').expect(503)
    await tools.close()
  })

  it('refuses a run beyond the limit at once, and says when to come again', async () => {
    const { app: small, close } = await startApps({ maxToolCalls: 10 })
    const slow = request(small)
      .get('/run?fanout=8&concurrency=8&delay_ms=200')
      .then((response) => response.status)
    await expect.poll(async () => (await request(small).get('/health')).body.in_flight).toBe(1)
    const refused = await request(small)
      .get('/run?fanout=8&concurrency=8')
      .expect(503)
      .expect('Content-Type', problemJson)
    expect(refused.headers['retry-after']).toBe('1')
    await request(small).get('/run?scenario=chain&depth=1').expect(200)
    expect(await slow).toBe(200)
    await request(small).get('/run?fanout=2&concurrency=8').expect(200)
    await close()
  })

  it('ends a run whose time is over with 504', async () => {
    const { app: hasty, inFlight, close } = await startApps({ runTimeoutMs: 50 })
    const { body } = await request(hasty)
      .get('/run?scenario=human&human_delay_s=60')
      .expect(504)
      .expect('Content-Type', problemJson)
    expect(body.trace_id).toMatch(/^[0-9a-f]{32}$/)
    expect(inFlight()).toBe(0)
    await close()
  })
})

describe('every path', () => {
  const others = ['post', 'put', 'delete', 'patch', 'options'] as const

  it.each(['/run', '/stream', ...scenarios.map(ownPathOf)])(
    '%s takes GET and nothing else, from no page of another site',
    async (path) => {
      for (const method of ['head', ...others] as const) {
        const response = await request(app)[method](path).expect(405)
        expect(response.headers.allow).toBe('GET')
        expect(response.headers['content-type']).toMatch(problemJson)
      }
      await request(app).get(path).set('Sec-Fetch-Site', 'cross-site').expect(403)
      expect(apps.inFlight()).toBe(0)
    },
  )

  it.each(['/', '/scenarios', '/runs', '/telemetry', '/openapi.json', '/health', '/ready'])(
    '%s takes GET and HEAD',
    async (path) => {
      const { status, headers } = await request(app).get(path)
      const head = await request(app).head(path).expect(status)
      expect(head.headers['content-type']).toBe(headers['content-type'])
      for (const method of others) {
        const response = await request(app)[method](path).expect(405)
        expect(response.headers.allow).toBe('GET, HEAD')
        expect(response.headers['content-type']).toMatch(problemJson)
      }
    },
  )

  it('is asked for by a name of the service', async () => {
    for (const path of ['/', '/run', '/health', '/nothing'])
      await request(app).get(path).set('Host', 'rebound.example').expect(421).expect('Content-Type', problemJson)
  })

  it.each(['/nothing', '/run/', '/Run', '/runs/x/y', '//run', '/run%2f'])('%s is not there', async (path) => {
    const response = await request(app).get(path)
    expect(response.headers['content-type'], path).toMatch(problemJson)
    expect(response.status, path).toBe(404)
  })

  it('tells nothing of the framework, and nobody to guess types', async () => {
    for (const path of ['/', '/nothing', '/run?fanout=0']) {
      const { headers } = await request(app).get(path)
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
  })

  it('a broken percent-encoding is a 400', async () => {
    await request(app).get('/runs/%E0%A4%A').expect(400).expect('Content-Type', problemJson)
  })
})

describe('GET /runs', () => {
  it('has the ledger of a run and lists it first', async () => {
    const { body: result } = await request(app).get('/run?fanout=2').expect(200)
    const { body: ledger } = await request(app).get(`/runs/${result.trace_id}`).expect(200)
    expect(ledger).toMatchObject({
      schema_version: 2,
      trace_id: result.trace_id,
      runs: [{ seed: result.seed, finding: result.finding, sampled: false }],
    })
    expect(ledger.runs[0].steps).toHaveLength(result.spans.total)
    const { body: list } = await request(app).get('/runs').expect(200)
    expect(list.runs[0]).toMatchObject({ trace_id: result.trace_id, scenario: 'fanout', steps: result.spans.total })
  })

  it.each(['abc', '0AF7651916CD43DD8448EB211C80319C', '0af7651916cd43dd8448eb211c80319cc'])(
    'refuses %s as a trace id',
    async (id) => {
      const { body } = await request(app).get(`/runs/${id}`).expect(400)
      expect(body.detail).toContain('32 lower-case hex digits')
    },
  )

  it('does not know a run that never was, and says so', async () => {
    const { body } = await request(app).get('/runs/0af7651916cd43dd8448eb211c80319c').expect(404)
    expect(body.detail).toContain('not run by this process')
  })

  it('forgets the oldest when memory is short, and says that it may have', async () => {
    const { app: forgetful, close } = await startApps({ maxLedgerBytes: 60_000 })
    const ids: string[] = []
    for (let index = 0; index < 4; index++)
      ids.push((await request(forgetful).get('/run?fanout=8&delay_ms=0')).body.trace_id)
    await request(forgetful)
      .get(`/runs/${ids.at(-1)}`)
      .expect(200)
    const { body } = await request(forgetful).get(`/runs/${ids[0]}`).expect(404)
    expect(body.detail).toContain('forgotten')
    expect((await request(forgetful).get('/runs')).body.forgotten).toBeGreaterThan(0)
    await close()
  })
})

describe('what can be run', () => {
  const parameter = z.looseObject({ description: z.string().min(1) })

  it('is listed with every parameter, default, range and count', async () => {
    const { body } = await request(app).get('/scenarios').expect(200)
    expect(body.scenarios.map(({ name }: { name: string }) => name)).toEqual(scenarioNames)
    for (const scenario of body.scenarios) {
      expect(scenario).toMatchObject({
        symptom: expect.any(String),
        missed: expect.any(String),
        reveals: expect.any(String),
        spans: { agent_app: expect.any(String), tool_service: expect.any(String) },
      })
      for (const schema of Object.values(scenario.parameters.properties)) parameter.parse(schema)
      expect(scenario.parameters.required).toBeUndefined()
    }
    const [fanout] = body.scenarios
    expect(fanout.parameters.properties.fanout).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 100,
    })
    expect(fanout.defaults).toMatchObject({
      fanout: 100,
      concurrency: 20,
      stragglers: 2,
      straggler_factor: 10,
      delay_ms: 5,
    })
  })

  it('is listed for shells, a line each', async () => {
    const { text } = await request(app)
      .get('/scenarios')
      .set('Accept', 'text/plain')
      .expect(200)
      .expect('Content-Type', /^text\/plain/)
    const lines = text.trimEnd().split('\n')
    expect(lines).toHaveLength(scenarios.length)
    for (const line of lines) {
      const [name, path, description, params, ...notes] = line.split('\t')
      expect(path).toBe(name === 'stream' ? '/stream' : `/run?scenario=${name}`)
      expect(description).toBeTruthy()
      const names = (params as string).split(' ')
      for (const param of names) expect(param).toMatch(/^[a-z_]+=\S*$/)
      // What each takes, in the words of a bad query's answer, and what it means.
      expect(notes).toHaveLength(names.length)
      for (const note of notes)
        expect(note).toMatch(
          /^(a (whole )?number from \S+ to \S+|one of .+|true or false|1 to .+|(off, or )?a list of .+): [A-Z]/,
        )
    }
  })

  it('is documented as OpenAPI', async () => {
    const { body } = await request(app).get('/openapi.json').expect(200)
    expect(body.openapi).toBe('3.1.0')
    const namesOf = (path: string) =>
      (body.paths[path].get.parameters as { name: string; in: string }[])
        .filter((parameter) => parameter.in === 'query')
        .map(({ name }) => name)
    expect(namesOf('/run/chain').slice(0, 1)).toEqual(['depth'])
    expect(namesOf('/run/chain')).not.toContain('fanout')
    const [{ schema, style, explode }] = body.paths['/run'].get.parameters
    expect({ style, explode }).toEqual({ style: 'form', explode: true })
    // What a scenario takes at its own path it takes at /run, beside its name.
    for (const { title, properties } of schema.oneOf)
      expect(Object.keys(properties)).toEqual(['scenario', ...namesOf(`/run/${title}`)])
    expect(schema.oneOf).toHaveLength(scenarios.filter(({ path }) => path === '/run').length)
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/run',
        '/stream',
        '/scenarios',
        '/runs',
        '/runs/{trace_id}',
        '/telemetry',
        '/health',
        '/ready',
      ]),
    )
  })

  it('is told at the root', async () => {
    const { body } = await request(app).get('/').expect(200)
    expect(body.scenarios).toContain('/run?scenario=chain')
  })
})

describe('GET /stream', () => {
  const quick = 'duration_s=0.2&ttft_ms=10&token_interval_ms=5&background_fanout=3&tool_delay_ms=20'

  it('writes tokens, a line each and nothing else', async () => {
    const response = await request(app)
      .get(`/stream?${quick}`)
      .expect(200)
      .expect('Content-Type', /^text\/plain/)
    const lines = response.text.trimEnd().split('\n')
    expect(lines).toEqual(lines.map((_, index) => `token ${index}`))
    expect(lines.length).toBeGreaterThan(1)
    expect(response.headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/)
  })

  it('writes events for those who accept them, the result last', async () => {
    const response = await request(app)
      .get(`/stream?${quick}&seed=a`)
      .set('Accept', 'text/event-stream')
      .expect(200)
      .expect('Content-Type', /^text\/event-stream/)
    const events = response.text
      .trimEnd()
      .split('\n\n')
      .map((block) => /^event: (\w+)\ndata: (.*)$/.exec(block)?.slice(1) ?? [])
    const names = events.map(([name]) => name)
    expect(names.at(-1)).toBe('result')
    expect(names.filter((name) => name === 'tool')).toHaveLength(3)
    const result = JSON.parse(events.at(-1)?.[1] as string)
    expect(result).toMatchObject({ ok: true, scenario: 'stream', seed: 'a', trace_id: response.headers['x-trace-id'] })
    expect(names.filter((name) => name === 'token')).toHaveLength(result.summary.output_tokens)
  })

  it('refuses a bad query before it writes anything', async () => {
    const { body } = await request(app)
      .get('/stream?duration_s=0&delay_ms=1')
      .expect(400)
      .expect('Content-Type', problemJson)
    expect(body.errors.map(({ parameter }: { parameter: string }) => parameter)).toEqual(['delay_ms', 'duration_s'])
  })

  it('says at its end what went wrong', async () => {
    const server = createServer()
    const url = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const { app: alone, tools } = agentApp(url)
    const plain = await request(alone).get(`/stream?${quick}`).expect(200)
    expect(plain.text.trimEnd().split('\n').at(-1)).toMatch(/^error No tool-service at/)
    const events = await request(alone).get(`/stream?${quick}`).set('Accept', 'text/event-stream')
    expect(events.text).toMatch(/event: error\ndata: \{.*"status":502/)
    await tools.close()
  })
})
