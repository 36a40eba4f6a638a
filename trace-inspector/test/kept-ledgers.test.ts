import { createServer, type Server, type ServerResponse } from 'node:http'
import type { LedgerAnswer, RunLedger } from 'contract/ledger'
import { Lifecycle } from 'service-kit/serve'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { knownAgents } from '../src/agents.ts'
import { createApp } from '../src/app.ts'
import { FileLedgers } from '../src/file/ledgers.ts'
import { KeptLedgers } from '../src/kept-ledgers.ts'
import { resourceOf, spanOf } from './support/otlp.ts'

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string]
const startedMs = 1_760_000_000_000

const key = {
  key_schema_version: 1 as const,
  trace_id: a,
  level: 1,
  verdict: 'healthy' as const,
  faults: [],
  neutral: [],
  slack: [],
  decoys: [],
  step_limit: false,
  unplanned: { count: 0, error_types: {}, spans: [] },
  disturbed: false,
  disturbance: { calls: 0, added_p99_ms: 0, effect_ms: 0 },
}

function runOf(traceId: string, change: Partial<RunLedger> = {}): RunLedger {
  return {
    trace_id: traceId,
    scenario: 'fanout',
    workflow: 'fanout',
    seed: '1',
    params: {},
    replay: '/run',
    service: 'synthetic-agent-app',
    dialect: 'gen-ai',
    usage: null,
    sampled: true,
    state: 'closed',
    ok: true,
    started_ms: startedMs,
    trace_state: '',
    age_ms: 1000,
    finding: null,
    key,
    steps: [],
    ...change,
  }
}

/** An agent whose runs, by trace, a test sets; it answers 404 for others. */
class FakeAgent {
  readonly runs = new Map<string, RunLedger[]>()
  readonly asked: string[] = []
  /** Answers when it is told to, where that is set. */
  held: (() => void)[] | null = null
  readonly server: Server = createServer((req, res) => {
    const [, , traceId = ''] = req.url?.split('/') ?? []
    if (!req.url?.endsWith('/status')) this.asked.push(traceId)
    const body = this.ledgerOf(traceId)
    if (this.held) this.held.push(() => this.#answer(res, body))
    else this.#answer(res, body)
  })

  ledgerOf(traceId: string): LedgerAnswer {
    return { schema_version: 2, trace_id: traceId, runs: this.runs.get(traceId) ?? [], senders: [] }
  }

  #answer(res: ServerResponse, body: LedgerAnswer): void {
    res.statusCode = body.runs.length > 0 ? 200 : 404
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify(body))
  }
}

let agent: FakeAgent
let agentUrl: string
let kept: KeptLedgers
beforeEach(async () => {
  agent = new FakeAgent()
  agentUrl = await listen(agent.server)
  for (const traceId of [a, b, c]) agent.runs.set(traceId, [runOf(traceId)])
  kept = new KeptLedgers(knownAgents([agentUrl]), 1_000_000)
})
afterEach(() => {
  agent.server.closeAllConnections()
  agent.server.close()
})

/** What is recalled of a trace, and whether an agent was asked for it. */
async function recall(traceId: string, endMs: number | null = null) {
  const before = agent.asked.length
  const ledger = await kept.recall(traceId, endMs)
  return { ledger, wasAsked: agent.asked.length > before }
}

describe('what agents told last', () => {
  test('is recalled as it was told, without asking again', async () => {
    const { ledger: told } = await kept.ask(a)
    expect(await recall(a)).toEqual({ ledger: told, wasAsked: false })
    expect(told).toEqual(agent.ledgerOf(a))
    await kept.ask(a)
    expect(agent.asked).toEqual([a, a])
  })

  test('is asked for where nobody asked yet, and is kept then', async () => {
    expect(await recall(a)).toMatchObject({ wasAsked: true })
    expect(await recall(a)).toMatchObject({ wasAsked: false })
  })

  test('is not kept while one of its runs may go on', async () => {
    agent.runs.set(a, [runOf(a), runOf(a, { state: 'running', ok: null })])
    await kept.ask(a)
    agent.runs.set(a, [runOf(a), runOf(a)])
    expect(await recall(a)).toEqual({ ledger: agent.ledgerOf(a), wasAsked: true })
    expect(await recall(a)).toMatchObject({ wasAsked: false })
  })

  test('gives way to a newer answer, and to one that there is nothing any more', async () => {
    await kept.ask(a)
    agent.runs.set(a, [runOf(a), runOf(a, { seed: '2' })])
    await kept.ask(a)
    expect(await recall(a)).toEqual({ ledger: agent.ledgerOf(a), wasAsked: false })
    agent.runs.delete(a)
    await expect(kept.ask(a)).rejects.toMatchObject({ status: 404 })
    await expect(kept.recall(a, null)).rejects.toMatchObject({ status: 404 })
  })

  test('is not kept of answers that cross each other', async () => {
    await kept.ask(a)
    agent.held = []
    const first = kept.ask(a)
    await expect.poll(() => agent.held?.length).toBe(1)
    agent.runs.set(a, [runOf(a), runOf(a, { seed: '2' })])
    const second = kept.ask(a)
    await expect.poll(() => agent.held?.length).toBe(2)
    const [answerFirst, answerSecond] = agent.held
    agent.held = null
    answerSecond?.()
    expect((await second).ledger.runs.length).toBe(2)
    answerFirst?.()
    expect((await first).ledger.runs.length).toBe(1)
    expect(await recall(a)).toEqual({ ledger: agent.ledgerOf(a), wasAsked: true })
    expect(await recall(a)).toMatchObject({ wasAsked: false })
  })

  test('is not enough once something of the trace ended later: a run may have joined it', async () => {
    await kept.ask(a)
    const toldAtMs = startedMs + 1000
    expect(await recall(a, toldAtMs)).toMatchObject({ wasAsked: false })
    expect(await recall(a, toldAtMs + 1)).toMatchObject({ wasAsked: true })
  })

  test('is put together from several agents, and not kept while one of them says nothing', async () => {
    const other = new FakeAgent()
    other.runs.set(a, [runOf(a, { service: 'other' })])
    const otherUrl = await listen(other.server)
    kept = new KeptLedgers(knownAgents([agentUrl, otherUrl]), 1_000_000)
    const { ledger: told } = await kept.ask(a)
    expect(told.runs.map(({ service }) => service)).toEqual(['synthetic-agent-app', 'other'])
    expect(await recall(a)).toEqual({ ledger: told, wasAsked: false })
    // That one knows no b.
    await kept.ask(b)
    expect(await recall(b)).toMatchObject({ wasAsked: false })
    other.server.closeAllConnections()
    await new Promise((resolve) => other.server.close(resolve))
    await kept.ask(a)
    expect(await recall(a)).toMatchObject({ wasAsked: true })
  })

  test('is kept of two traces, those that were told last', async () => {
    for (const traceId of [a, b, a, c]) await kept.ask(traceId)
    expect(await recall(a)).toMatchObject({ wasAsked: false })
    expect(await recall(c)).toMatchObject({ wasAsked: false })
    expect(await recall(b)).toMatchObject({ wasAsked: true })
  })

  test('is kept as long as there is room for it', async () => {
    const bytes = JSON.stringify(agent.ledgerOf(a)).length
    kept = new KeptLedgers(knownAgents([agentUrl]), 2 * bytes - 1)
    await kept.ask(a)
    await kept.ask(b)
    expect(await recall(b)).toMatchObject({ wasAsked: false })
    expect(await recall(a)).toMatchObject({ wasAsked: true })
    kept = new KeptLedgers(knownAgents([agentUrl]), bytes - 1)
    await kept.ask(a)
    expect(await recall(a)).toMatchObject({ wasAsked: true })
  })
})

test('a file never gets a key that it was written without: nothing is awaited', () => {
  const ofFile = new FileLedgers(1_000_000)
  for (const traceId of [a, b]) ofFile.add(traceId, Buffer.from(JSON.stringify(runOf(traceId, { key: 'pending' }))))
  expect(ofFile.find(a)?.runs).toMatchObject([{ trace_id: a, key: null }])
})

describe('of one view of a trace', () => {
  let server: Server
  let url: string
  beforeEach(async () => {
    const deps = { agents: [agentUrl], allowedHosts: [], maxBytes: 64 * 1024 * 1024, lifecycle: new Lifecycle() }
    server = createServer(createApp(deps).app)
    url = await listen(server)
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  /** The status of an answer, and how often the agent was asked for it. */
  async function ask(path: string, init?: RequestInit): Promise<[status: number, asked: number]> {
    const before = agent.asked.length
    const response = await fetch(url + path, init)
    await response.text()
    return [response.status, agent.asked.length - before]
  }
  const picture = () => ask(`/traces/${a}/picture?ledger=1`)
  const handIn = () => ask(`/traces/${a}/answer`, { method: 'POST', body: '{"span_ids":[]}' })

  test('runs, a verification and an answer ask, and pictures take what they brought', async () => {
    for (const path of ['runs', 'verify', 'runs', 'verify']) {
      expect(await ask(`/traces/${a}/${path}`)).toEqual([200, 1])
      expect(await picture()).toEqual([200, 0])
    }
    expect(await handIn()).toEqual([200, 1])
    expect(await picture()).toEqual([200, 0])
  })

  test('an agent that is asked by way of its own address has been asked, too', async () => {
    await ask(`/traces/${a}/runs`)
    expect(await ask(`/agents/${agentUrl.replace('http://', '')}/runs/${a}`)).toEqual([200, 1])
    expect(await picture()).toEqual([200, 1])
  })

  test('spans that are younger than the ledger have it asked for', async () => {
    await ask(`/traces/${a}/runs`)
    const endMs = startedMs + 2000
    const span = spanOf({ traceId: a, spanId: '00f067aa0ba902b1', endTimeUnixNano: `${endMs}000000` })
    const body = JSON.stringify({ resourceSpans: [{ resource: resourceOf('shop'), scopeSpans: [{ spans: [span] }] }] })
    await ask('/v1/traces', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    expect(await picture()).toEqual([200, 1])
    agent.runs.set(a, [runOf(a), runOf(a, { started_ms: endMs, age_ms: 1 })])
    expect(await ask(`/traces/${a}/runs`)).toEqual([200, 1])
    expect(await picture()).toEqual([200, 0])
  })
})

test('the answer to a run of a file that has no key is refused, however often, and with a key it is taken once', async () => {
  const file = new FileLedgers(1_000_000)
  file.add(a, Buffer.from(JSON.stringify(runOf(a, { key: null }))))
  file.add(b, Buffer.from(JSON.stringify(runOf(b))))
  const ofFile = new KeptLedgers([], 1_000_000, file)
  for (let times = 0; times < 2; times++)
    await expect(ofFile.answer(a, { span_ids: [] })).rejects.toMatchObject({ status: 409, title: 'No key' })
  expect((await ofFile.answer(b, { span_ids: [] })).runs).toHaveLength(1)
  await expect(ofFile.answer(b, { span_ids: [] })).rejects.toMatchObject({ status: 409, title: 'Answered' })
})
