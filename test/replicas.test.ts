import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runLedgerSchema, type LedgerAnswer, type RunLedger } from 'contract/ledger'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inFlight } from '../packages/service-kit/test/support/requests.ts'
import { exportingTo, type Service, startService } from '../scripts/pair.ts'
import { knownAgent } from '../trace-inspector/src/agents.ts'
import { KeptLedgers } from '../trace-inspector/src/kept-ledgers.ts'
import type { Verification } from '../trace-inspector/src/verify/verify.ts'
import { freePorts } from '../trace-inspector/test/support/backend.ts'
import { listen } from './support/apps.ts'
import { ledgerOf, runScenario } from './support/runs.ts'

let cleanups: (() => unknown)[]
let tools: Service
let inspectorUrl: string

beforeEach(async () => {
  cleanups = []
  const [port] = await freePorts(1)
  inspectorUrl = `http://127.0.0.1:${port}`
  tools = await start('tool-service', exportingTo(inspectorUrl))
})
afterEach(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup()
})

async function start(...args: Parameters<typeof startService>): Promise<Service> {
  const service = await startService(...args)
  // Asked to stop, it would try for a while to reach an inspector that is gone.
  cleanups.push(() => service.stop('SIGKILL'))
  return service
}
const startAgent = (env: Record<string, string> = {}) =>
  start('agent-app', { TOOL_BASE: tools.url, ...exportingTo(inspectorUrl), ...env })
const startInspector = (...agents: string[]) =>
  start('trace-inspector', { INSPECTOR_PORT: new URL(inspectorUrl).port, AGENT_URLS: agents.join(',') })
const json = async <T>(url: string) => (await (await fetch(url)).json()) as T
const verify = (traceId: string, waitS = 200) =>
  json<Verification>(`${inspectorUrl}/traces/${traceId}/verify?wait_s=${waitS}`)
const small = 'fanout=3&delay_ms=1&stragglers=0'

/** What a service counts, by name and labels. */
async function metricsOf({ url }: Service): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

test('replicas behind one name are all asked, the newest first, and those that came since', async () => {
  const port = String((await freePorts(1))[0])
  const first = await startAgent({ PORT: port, HOST: '127.0.0.1' })
  const second = await startAgent({ PORT: port, HOST: '127.0.0.2' })
  const behind = ['127.0.0.1']
  let asked = 0
  const agent = knownAgent(`dns+http://agents:${port}`, async () => {
    asked++
    return behind.map((address) => ({ address, family: 4 }))
  })
  expect(agent).toMatchObject({ id: `agents:${port}`, url: `http://agents:${port}` })
  const ledgers = new KeptLedgers([agent], 1_000_000)
  const { trace_id } = await runScenario(second.url, 'fanout', small)
  await expect(ledgers.ask(trace_id)).rejects.toThrow(`${first.url} does not know it`)

  behind.unshift('127.0.0.2')
  await expect.poll(() => agent.addresses()).toEqual([second.url, first.url])
  expect(await ledgers.ask(trace_id)).toMatchObject({ ledger: { runs: [{ trace_id }] } })
  behind.pop()
  await expect.poll(() => agent.addresses()).toEqual([second.url])
  // What was just looked up is not looked up again for everybody who asks.
  const before = asked
  await Promise.all(Array.from({ length: 20 }, () => agent.addresses()))
  expect(asked - before).toBeLessThanOrEqual(1)
})

test('the spans and the answers of an instance name it', async () => {
  const agent = await startAgent()
  await startInspector(agent.url)
  const response = await fetch(`${agent.url}/run?${small}`)
  const instance = response.headers.get('x-agent-instance')
  expect(instance).toMatch(/^[\da-f-]{36}$/)
  const { trace_id } = (await response.json()) as { trace_id: string }
  expect(await verify(trace_id)).toMatchObject({ verdict: 'complete' })
  const { senders } = await json<LedgerAnswer>(`${agent.url}/runs/${trace_id}`)
  expect(senders).toMatchObject([{ resource: { 'service.instance.id': instance } }])

  const named = await startAgent({
    OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=pod/7%20%E2%98%83',
    OTEL_SDK_DISABLED: 'true',
  })
  expect((await fetch(`${named.url}/health`)).headers.get('x-agent-instance')).toBe('pod/7%20%E2%98%83')
})

test('a run whose replica is gone has no ledger, and is never complete', async () => {
  const [gone, there] = [await startAgent(), await startAgent()]
  await startInspector(gone.url, there.url)
  const traceId = randomBytes(16).toString('hex')
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
  const alone = await runScenario(gone.url, 'fanout', small)
  await runScenario(gone.url, 'fanout', small, { traceparent })
  const both = await runScenario(there.url, 'fanout', small, { traceparent })
  expect(await verify(alone.trace_id)).toMatchObject({ verdict: 'complete' })
  expect(await verify(traceId)).toMatchObject({ verdict: 'complete', counts: { expected: 2 * both.spans.total } })

  await gone.stop('SIGKILL')
  expect(await verify(alone.trace_id, 0)).toMatchObject({
    verdict: 'no_ledger',
    counts: { expected: 0, received: alone.spans.total, without_ledger: alone.spans.total, differences: 0 },
    note: expect.stringContaining(
      `No agent has a ledger of ${alone.spans.total} spans: synthetic-agent-app `,
    ) as string,
  })
  // The other run of the trace is known, and all there: the trace is not.
  expect(await verify(traceId, 0)).toMatchObject({
    verdict: 'no_ledger',
    counts: { expected: both.spans.total, missing: 0, without_ledger: both.spans.total, unexpected: 0 },
  })
  const nobody = await fetch(`${inspectorUrl}/traces/${'e'.repeat(32)}/verify`)
  const body = (await nobody.json()) as { title: string; knows_since: string }
  expect([nobody.status, body.title]).toEqual([404, 'Unknown run'])
  expect(Date.parse(body.knows_since)).toBeLessThan(Date.now())
})

test('a trace that others may have a run of is not complete while one of them does not answer', async () => {
  const [port] = await freePorts(1)
  const there = await startAgent()
  await startInspector(there.url, `http://127.0.0.1:${port}`)
  const alone = await runScenario(there.url, 'fanout', small)
  expect(await verify(alone.trace_id)).toMatchObject({ verdict: 'complete', note: null })
  const traceId = randomBytes(16).toString('hex')
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
  const { spans } = await runScenario(there.url, 'fanout', small, { traceparent })
  await expect
    .poll(() => verify(traceId, 0))
    .toMatchObject({
      verdict: 'no_ledger',
      counts: { expected: spans.total, received: spans.total, differences: 0 },
      note: `Whether there is more of this trace is not known: http://127.0.0.1:${port} does not answer (ECONNREFUSED)`,
    })
  // Who waits is told as soon as it does.
  const waiting = verify(traceId, 600)
  await startAgent({ PORT: String(port) })
  expect(await waiting).toMatchObject({ verdict: 'complete', note: null })
})

test('every closed ledger goes to the folder of LEDGER_SINK, and outlives its process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledgers-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  const agent = await startAgent({
    LEDGER_SINK: `file:${folder}/new`,
    DRAIN_TIMEOUT_S: '200',
    FLUSH_TIMEOUT_S: '200',
    OTEL_TRACES_EXPORTER: 'none',
  })
  const { trace_id } = await runScenario(agent.url, 'chain', 'depth=3&delay_ms=1')
  const hasEnded = async () =>
    (await ledgerOf(agent.url, trace_id)).steps.every(({ duration_ms }) => duration_ms !== null)
  await expect.poll(hasEnded).toBe(true)
  const ledger = await ledgerOf(agent.url, trace_id)
  const late = runScenario(agent.url, 'fanout', 'fanout=60&delay_ms=300')
  await inFlight(agent.url, 1)
  expect(await agent.stop()).toBe(0)

  const [file = ''] = readdirSync(`${folder}/new`)
  const lines = readFileSync(`${folder}/new/${file}`, 'utf8').trimEnd().split('\n')
  const written = lines.map((line) => runLedgerSchema.parse(JSON.parse(line)))
  expect(written.map((run) => run.trace_id)).toEqual([trace_id, (await late).trace_id])
  expect({ ...written[0], age_ms: 0 }).toEqual({ ...ledger, age_ms: 0 })
  expect(written[1]?.steps.every(({ duration_ms }) => duration_ms !== null)).toBe(true)
})

test('a LEDGER_SINK that takes nothing holds up no run, gets all once it does, and what is lost at the end is said', async () => {
  const taken: RunLedger[] = []
  let isTaking = false
  const sink: Server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      if (isTaking) taken.push(JSON.parse(Buffer.concat(chunks).toString()) as RunLedger)
      response.writeHead(isTaking ? 204 : 500).end()
    })
  })
  const url = await listen(sink)
  cleanups.push(() => {
    sink.closeAllConnections()
    sink.close()
  })
  const agent = await startAgent({ LEDGER_SINK: `${url}/secret-token`, FLUSH_TIMEOUT_S: '1' })
  await startInspector(agent.url)
  const runs = [await runScenario(agent.url, 'fanout', small), await runScenario(agent.url, 'fanout', small)]
  await expect.poll(() => agent.output.join('\n')).toMatch(/Ledgers cannot go to .*, and wait: it answered 500/)
  expect(agent.output.join('\n')).not.toContain('secret-token')
  expect(await metricsOf(agent)).toMatchObject({ ledgers_queued: 2, 'ledgers_total{fate="written"}': 0 })
  isTaking = true
  await expect.poll(() => taken.map(({ trace_id }) => trace_id)).toEqual(runs.map(({ trace_id }) => trace_id))
  isTaking = false
  await runScenario(agent.url, 'fanout', small)
  expect(await agent.stop()).toBe(0)
  expect(agent.output.join('\n')).toContain('agent-app: 1 ledgers could not be written before the end')
})

test('a run that is not waited for is answered at once, tells its end when it is asked, and is verified', async () => {
  const agent = await startAgent({ DRAIN_TIMEOUT_S: '200' })
  await startInspector(agent.url)
  const path = '/run?scenario=human&human_delay_s=2&seed=async'
  const accepted = await fetch(agent.url + path, { headers: { Prefer: 'wait=5, respond-async' } })
  const { trace_id } = (await accepted.json()) as { trace_id: string }
  const status = accepted.headers.get('location') ?? ''
  expect(accepted.status).toBe(202)
  expect(accepted.headers.get('preference-applied')).toBe('respond-async')
  expect(status).toBe(`/runs/${trace_id}/status`)
  expect(await json(agent.url + status)).toEqual({
    trace_id,
    answered: false,
    state: 'running',
    runs: [{ state: 'running' }],
  })
  expect(await json(`${agent.url}/health`)).toMatchObject({ in_flight: 1 })
  await expect
    .poll(() => json(agent.url + status))
    .toMatchObject({
      state: 'closed',
      runs: [
        { state: 'closed', status: 200, answer: { ok: true, trace_id, seed: 'async', finding: { kind: 'idle_wait' } } },
      ],
    })
  const verification = await verify(trace_id)
  expect([verification.verdict, verification.differences]).toEqual(['complete', []])
  // What is wrong with a query is told at once.
  const bad = await fetch(`${agent.url}/run?fanout=x`, { headers: { Prefer: 'respond-async' } })
  expect(bad.status).toBe(400)
})

test('a stop waits for runs that nobody waits for, and ends them when its time is over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledgers-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  const agent = await startAgent({ DRAIN_TIMEOUT_S: '3', LEDGER_SINK: `file:${folder}` })
  await startInspector(agent.url)
  const ask = async (query: string) => {
    const response = await fetch(`${agent.url}/run?${query}`, { headers: { Prefer: 'respond-async' } })
    return ((await response.json()) as { trace_id: string }).trace_id
  }
  const [short, long] = [
    await ask('scenario=chain&depth=4&delay_ms=100'),
    await ask('scenario=human&human_delay_s=3600'),
  ]
  await inFlight(agent.url, 2)
  expect(await agent.stop()).toBe(0)
  const [file = ''] = readdirSync(folder)
  const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')
  const ledgers = lines.map((line) => JSON.parse(line) as RunLedger)
  expect(ledgers.map(({ trace_id, ok }) => [trace_id, ok])).toEqual([
    [short, true],
    [long, null],
  ])
  // All spans of both left before the end.
  for (const { trace_id, steps } of ledgers)
    expect(await verify(trace_id, 0)).toMatchObject({ verdict: 'no_ledger', counts: { received: steps.length } })
})

test('an answer is handed to no agent of a trace while another could not take it', async () => {
  const [here, there] = [await startAgent(), await startAgent()]
  await startInspector(here.url, there.url)
  const traceId = randomBytes(16).toString('hex')
  const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
  await runScenario(here.url, 'fanout', small, { traceparent })
  const left = new AbortController()
  const human = fetch(`${there.url}/run?scenario=human&human_delay_s=60`, {
    headers: { traceparent },
    signal: left.signal,
  }).catch(() => {})
  await inFlight(there.url, 1)
  const handIn = async (url: string) => {
    const response = await fetch(`${url}/answer`, { method: 'POST', body: '{"span_ids":[]}' })
    return [response.status, ((await response.json()) as { title?: string }).title]
  }
  const byInspector = `${inspectorUrl}/traces/${traceId}`
  expect(await handIn(byInspector)).toEqual([409, 'Running'])
  expect(await json(`${here.url}/runs/${traceId}/status`)).toMatchObject({ answered: false })
  left.abort()
  await human
  const state = async () => (await json<{ state: string }>(`${there.url}/runs/${traceId}/status`)).state
  await expect.poll(state).toBe('closed')
  expect(await handIn(byInspector)).toEqual([200, undefined])
  for (const { url } of [here, there]) expect(await handIn(`${url}/runs/${traceId}`)).toEqual([409, 'Answered'])

  // Nor when another has taken one.
  const second = randomBytes(16).toString('hex')
  const headers = { traceparent: `00-${second}-${randomBytes(8).toString('hex')}-01` }
  for (const { url } of [here, there]) await runScenario(url, 'fanout', small, headers)
  expect(await handIn(`${there.url}/runs/${second}`)).toEqual([200, undefined])
  expect(await handIn(`${inspectorUrl}/traces/${second}`)).toEqual([409, 'Answered'])
  expect(await json(`${here.url}/runs/${second}/status`)).toMatchObject({ answered: false })
})

test('every service says in Prometheus text what it did', async () => {
  const agent = await startAgent({ MAX_TOOL_CALLS: '1' })
  const inspector = await startInspector(agent.url)
  const { trace_id, spans } = await runScenario(agent.url, 'fanout', small)
  await runScenario(agent.url, 'retry', 'fanout=1&error_rate=1&max_retries=0&delay_ms=1')
  expect(await verify(trace_id)).toMatchObject({ verdict: 'complete' })
  const human = fetch(`${agent.url}/run?scenario=fanout&fanout=1&delay_ms=3000&stragglers=0`)
  await inFlight(agent.url, 1)
  const refused = await fetch(`${agent.url}/run?${small}`)
  expect(refused.status).toBe(503)
  const ofAgent = await metricsOf(agent)
  expect(ofAgent).toMatchObject({
    runs_in_flight: 1,
    'runs_total{scenario="fanout",outcome="ok"}': 1,
    'runs_total{scenario="retry",outcome="failed"}': 1,
    'runs_total{scenario="fanout",outcome="refused"}': 1,
  })
  const of = (fate: string) => ofAgent[`spans_total{destination="${inspectorUrl}",fate="${fate}"}`]
  const labels = `{destination="${inspectorUrl}"}`
  const fates = ['exported', 'refused', 'unconfirmed', 'dropped'].map(of) as number[]
  expect(fates.reduce((sum, count) => sum + count, ofAgent[`spans_queued${labels}`] ?? NaN)).toBe(
    ofAgent[`spans_created_total${labels}`],
  )
  expect(of('exported')).toBeGreaterThanOrEqual(spans.total - 3)
  expect(ofAgent.nodejs_eventloop_lag_p99_seconds).toBeGreaterThanOrEqual(0)
  await human

  const ofTools = await metricsOf(tools)
  expect(ofTools).toMatchObject({ 'tool_calls_total{status="200"}': 4, 'tool_calls_total{status="503"}': 1 })
  expect(ofTools[`spans_created_total${labels}`]).toBe(5)
  const ofInspector = await metricsOf(inspector)
  expect(ofInspector).toMatchObject({ 'verifications_total{verdict="complete"}': 1, spans_rejected_total: 0 })
  expect(ofInspector.spans_received_total).toBeGreaterThanOrEqual(spans.total)
})

test('of trace-inspectors that share the traces any answers for all, and each has its own', async () => {
  const [port] = await freePorts(1)
  const other = `http://127.0.0.1:${port}`
  const agent = await startAgent()
  // Here the first has the traces whose ids begin with 0 to 7, and takes all spans.
  const shards = { INSPECTOR_SHARDS: `${inspectorUrl},${other}`, AGENT_URLS: agent.url }
  await start('trace-inspector', { INSPECTOR_PORT: new URL(inspectorUrl).port, ...shards })
  await start('trace-inspector', { INSPECTOR_PORT: String(port), ...shards })
  const runOf = (first: string) => {
    const traceId = first + randomBytes(16).toString('hex').slice(1)
    return runScenario(agent.url, 'fanout', small, { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` })
  }
  const { trace_id, spans } = await runOf('7')
  const own = await verify(trace_id)
  expect(own).toMatchObject({ verdict: 'complete', counts: { received: spans.total } })
  expect(await json(`${other}/traces/${trace_id}/verify`)).toEqual({
    ...own,
    knows_since: expect.any(String) as string,
  })
  const download = await fetch(`${other}/traces/${trace_id}/otlp`)
  expect(download.headers.get('content-disposition')).toContain(`${trace_id}.otlp.json`)
  const handIn = (headers = {}) =>
    fetch(`${other}/traces/${trace_id}/answer`, { method: 'POST', body: '{"span_ids":[]}', headers })
  // Whoever hands it on hears who asked, and nobody else does.
  expect((await handIn({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  const answer = await handIn()
  expect([answer.status, await answer.json()]).toMatchObject([200, { trace_id }])
  // What was sent to the wrong one is there: it has it. The one that should have it does not.
  const astray = await runOf('8')
  await expect.poll(async () => (await fetch(`${inspectorUrl}/traces/${astray.trace_id}`)).status).toBe(200)
  expect(await verify(astray.trace_id)).toMatchObject({ verdict: 'complete' })
  expect((await fetch(`${other}/traces/${astray.trace_id}`)).status).toBe(404)
  // Both are listed, whoever is asked, and counted once.
  for (const url of [inspectorUrl, other])
    expect(await json(`${url}/traces`)).toMatchObject({
      traces: 2,
      unreachable: [],
      recent: [{ trace_id: astray.trace_id }, { trace_id }],
    })
  // Nobody asks in a circle.
  for (const url of [inspectorUrl, other]) expect((await fetch(`${url}/traces/${'f'.repeat(32)}`)).status).toBe(404)
})
