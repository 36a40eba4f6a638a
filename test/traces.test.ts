import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownPathOf } from 'engine/catalog'
import type { RunAnswer } from '../agent-app/src/output.ts'
import { scenarioOf } from 'engine/scenarios/index'
import type { LedgerStep, RunLedger } from 'contract/ledger'
import { type ScenarioName, scenarioNames } from 'contract/scenarios'
import { genAi } from 'dialects/gen-ai/dialect'
import { faultsOf } from './support/conventions.ts'
import { quicklyFailing } from './support/failing-model.ts'
import { spanFormulas, trees } from './support/expectations.ts'
import { countByName, type ReceivedSpan, type Receiver, spanTree, startReceiver } from './support/receiver.ts'
import { ledgerOf, runScenario } from './support/runs.ts'
import { exportingTo, type Pair, startPair } from './support/services.ts'

let receiver: Receiver
let pair: Pair

beforeAll(async () => {
  receiver = await startReceiver()
  // A fan-out of 10,000 on a machine that does much else may keep a call waiting for long.
  pair = await startPair({ ...exportingTo(receiver.url) })
})
afterAll(async () => {
  await pair.stop()
  await receiver.close()
})

async function traced(name: string, query: string) {
  const result = await runScenario(pair.agent.url, name, query)
  const spans = await receiver.trace(result.trace_id, result.spans.total)
  return { result, spans }
}

const names = scenarioNames

describe('every registered scenario', () => {
  it.each(names)('%s leaves the tree that it is to leave', async (name) => {
    const { query, tree } = trees[name]
    const { spans } = await traced(name, query)
    expect(spanTree(spans)).toBe(tree)
  })

  it.each(Object.values(scenarioOf).filter(({ path }) => path === '/run'))(
    '$name has a series of its own at its own path, and the rest of the tree is the same',
    async (scenario) => {
      const { query, tree } = trees[scenario.name]
      const path = ownPathOf(scenario)
      const result = (await (await fetch(`${pair.agent.url}${path}?${query}`)).json()) as RunAnswer
      const spans = await receiver.trace(result.trace_id, result.spans.total)
      expect(spanTree(spans)).toBe(tree.replace('GET /run', `GET ${path}`))
      const request = spans.find(({ parent_span_id }) => parent_span_id === null)
      expect(request?.attributes['http.route']).toBe(path)
      expect(result.spans.agent_app[`GET ${path}`]).toBe(1)
      const { steps, replay } = await ledgerOf(pair.agent.url, result.trace_id)
      expect(steps[0]).toMatchObject({ facts: { operation: 'http_server', method: 'GET', route: path } })
      expect(replay).toBe(result.replay)
    },
  )

  const larger: Record<ScenarioName, string> = {
    fanout: 'fanout=150&concurrency=50&delay_ms=10',
    chain: 'depth=40&delay_ms=2',
    retry: 'fanout=60&error_rate=0.4&delay_ms=5',
    dag: 'fanout=150&delay_ms=10',
    react: 'max_steps=12&finish_probability=0.05&delay_ms=5',
    human: 'human_delay_s=0.05&outcome=reject&delay_ms=5',
    overflow: 'delay_ms=5',
    loop: 'delay_ms=5',
    rag: 'rag_chunks=12&rag_chunk_size_kb=30&ms_per_kb=0.1&delay_ms=5',
    handoff: 'hops=4&severed=2&human_delay_s=0&delay_ms=5',
    stream: 'duration_s=0.5&background_fanout=30&tool_delay_ms=20',
    cascade: 'calls=40&delay_ms=10&backoff_ms=5',
    silent: 'lookups=5&flaws=3&flaw=any&delay_ms=2',
    hallucination: 'lookups=6&hallucinations=3&hallucination=any&delay_ms=2',
  }

  it.each(names)('%s exports as many spans as its formula, its answer and its ledger say', async (name) => {
    const { result, spans } = await traced(name, larger[name])
    const expected = spanFormulas[name](result.params, result.summary)
    const ofAgent = spans.filter(({ service }) => service === 'synthetic-agent-app')
    const ofTools = spans.filter(({ service }) => service === 'synthetic-tool-service')
    expect({ agent_app: ofAgent.length, tool_service: ofTools.length }).toEqual(expected)
    expect(countByName(ofAgent)).toEqual(result.spans.agent_app)
    expect(countByName(ofTools)).toEqual(result.spans.tool_service)
    expect(result.spans.total).toBe(spans.length)
    expect(new Set(spans.map(({ span_id }) => span_id)).size).toBe(spans.length)
  })

  it.each(names)('%s writes on its spans what its ledger says, one by one', async (name) => {
    const { result, spans } = await traced(name, larger[name])
    const ledger = await ledgerOf(pair.agent.url, result.trace_id)
    const bySpanId = new Map(spans.map((span) => [span.span_id, span]))
    const byId = new Map(ledger.steps.map((step) => [step.id, step]))
    for (const step of ledger.steps) {
      const parent = step.parent_id === null ? undefined : byId.get(step.parent_id)
      const span =
        step.span_id === null
          ? spans.find(({ parent_span_id }) => parent_span_id === parent?.span_id)
          : bySpanId.get(step.span_id)
      expect(span, step.key).toBeDefined()
      if (span) expectSame(step, span, byId, ledger)
    }
    expect(new Set(ledger.steps.map(({ key }) => key)).size).toBe(ledger.steps.length)
  })
})

function expectSame(step: LedgerStep, span: ReceivedSpan, byId: ReadonlyMap<number, LedgerStep>, run: RunLedger): void {
  const { service, status } = step
  const [name, kind] = [genAi.nameOf(step.facts), genAi.kindOf(step.facts)]
  const parent = byId.get(step.parent_id ?? -1)
  expect(span, step.key).toMatchObject({ name, kind, service, status, parent_span_id: parent?.span_id ?? null })
  if (kind === 'server') return
  const owed = genAi.attributesOf(step, run)
  const attributes = Object.entries(span.attributes).map(([key, value]) => {
    const isContent = typeof owed[key] === 'object' && !Array.isArray(owed[key])
    return [key, isContent ? digest(String(value)) : value]
  })
  expect(Object.fromEntries(attributes), step.key).toEqual(owed)
  expect(span.events.map((event) => [event.name, event.attributes])).toEqual(
    step.events.map((event) => [event.name, genAi.eventAttributes(event)]),
  )
  expect(span.links).toEqual(step.depends_on.map((id) => byId.get(id)?.span_id))
  expect(Math.abs(span.start_ms - step.start_ms)).toBeLessThan(0.002)
  expect(Math.abs(span.end_ms - step.start_ms - (step.duration_ms ?? 0))).toBeLessThan(0.002)
  // What the ledger says of the request begins with the run and ends with its answer.
  if (parent && parent.facts.operation !== 'http_server') {
    expect(step.start_ms).toBeGreaterThanOrEqual(parent.start_ms)
    expect(step.start_ms + (step.duration_ms ?? 0)).toBeLessThanOrEqual(parent.start_ms + (parent.duration_ms ?? 0))
  }
}

const digest = (text: string) => ({ length: text.length, sha256: createHash('sha256').update(text).digest('hex') })

describe('the symptoms', () => {
  it('retries hang under one logical call, counted from the first resend on', async () => {
    const { spans } = await traced('retry', 'fanout=1&error_rate=1&max_retries=2&delay_ms=5')
    const call = spans.find(({ name }) => name.startsWith('execute_tool'))
    const attempts = spans.filter(({ parent_span_id }) => parent_span_id === call?.span_id)
    expect(attempts.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1, 2])
    expect(attempts.every(({ status, attributes }) => status === 'error' && attributes['error.type'] === '503')).toBe(
      true,
    )
    expect(call).toMatchObject({ status: 'error', attributes: { 'error.type': 'tool_unavailable' } })
    expect(call?.events.map(({ name }) => name)).toEqual(['retry', 'retry'])
  })

  it('a call that a retry rescued is no error, and neither are those above it', async () => {
    const { spans, result } = await traced(
      'retry',
      'fanout=40&error_rate=0.3&max_retries=20&faulty_tools=0&delay_ms=2&backoff_ms=1&seed=a',
    )
    expect(result.summary.retries).toBeGreaterThan(0)
    const failed = countByName(spans.filter(({ status }) => status === 'error'))
    expect(failed).toEqual({ GET: result.summary.retries, 'GET /tool/:tool_name': result.summary.retries })
  })

  it('attempts of a model hang under one logical chat, and nobody owes a span for them', async () => {
    const { spans, result } = await traced('rag', await quicklyFailing('rag', 'delay_ms=2&ms_per_kb=0', 'answered'))
    const chat = spans.find(({ name }) => name.startsWith('chat'))
    const attempts = spans.filter(({ parent_span_id }) => parent_span_id === chat?.span_id)
    expect(attempts.map(({ name, kind }) => `${name} ${kind}`)).toEqual(attempts.map(() => 'POST client'))
    expect(attempts.map(({ status }) => status)).toEqual([...attempts.slice(1).map(() => 'error'), 'unset'])
    expect(chat).toMatchObject({ status: 'unset' })
    expect(chat?.events.map(({ name }) => name)).toEqual(attempts.slice(1).map(() => 'retry'))
    expect(result.summary.llm_retries).toBe(attempts.length - 1)
    expect(attempts.flatMap(faultsOf)).toEqual([])
  })

  it('a model that nobody hears of fails its agent, and the run says so', async () => {
    const query = await quicklyFailing('rag', 'delay_ms=2&ms_per_kb=0', 'lost')
    const { spans, result } = await traced('rag', query)
    expect(result.ok).toBe(false)
    expect(result.finding.text).toContain('the model failed')
    const agent = spans.find(({ name }) => name.startsWith('invoke_agent'))
    expect(agent?.status).toBe('error')
    expect(['overloaded', 'timeout', 'content_filter', 'context_length_exceeded']).toContain(
      agent?.attributes['error.type'],
    )
    expect(spans.find(({ name }) => name.startsWith('invoke_workflow'))?.status).toBe('unset')
  })

  it('the aggregator links to every branch', async () => {
    const { spans } = await traced('dag', 'fanout=300&delay_ms=5')
    const aggregator = spans.find(({ name }) => name === 'invoke_agent aggregator')
    const branches = spans.filter(({ name }) => name === 'invoke_agent branch').map(({ span_id }) => span_id)
    expect(aggregator?.links.toSorted()).toEqual(branches.toSorted())
    expect(branches).toHaveLength(300)
  })

  it('a stream has a time to first token, marks on its timeline and no event a token', async () => {
    const { spans } = await traced(
      'stream',
      'duration_s=0.5&background_fanout=3&tool_delay_ms=50&ttft_ms=100&token_interval_ms=10',
    )
    const chat = spans.find(({ name }) => name.startsWith('chat'))
    expect(chat?.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0.05)
    expect(
      chat?.events
        .map(({ name }) => name)
        .filter((name) => name !== 'stall')
        .toSorted(),
    ).toEqual(['background_ended', 'background_started', 'first_token', 'last_token'])
  })

  it('failures show on the caller and go no further up', async () => {
    const { spans, result } = await traced('fanout', 'fanout=10&error_rate=1&delay_ms=2')
    expect(result.ok).toBe(false)
    const failed = new Set(spans.filter(({ status }) => status === 'error').map(({ name }) => name.split(' ')[0]))
    expect(failed).toEqual(new Set(['GET', 'execute_tool', 'invoke_agent']))
    expect(spans.filter(({ name, status }) => status === 'error' && /planner|workflow|run/.test(name))).toEqual([])
    expect(spans.filter(({ status, attributes }) => status === 'error' && !attributes['error.type'])).toEqual([])
  })

  it.each([
    ['chain', 'depth=10&error_rate=1&delay_ms=2', 'invoke_agent link', 1],
    ['dag', 'fanout=3&error_rate=1&delay_ms=2', 'invoke_agent aggregator', 1],
    ['human', 'error_rate=1&delay_ms=2', 'execute_tool database', 1],
    ['rag', 'error_rate=1&delay_ms=2', 'retrieval knowledge_base', 1],
  ])('%s ends at its first failure', async (name, query, culprit, count) => {
    const { spans, result } = await traced(name, query)
    expect(result.ok).toBe(false)
    expect(spans.filter((span) => span.name === culprit && span.status === 'error')).toHaveLength(count)
    expect(spans.filter((span) => span.status === 'error' && /planner|workflow|GET \/run/.test(span.name))).toEqual([])
    expect(spans.some((span) => span.name === 'checkpoint')).toBe(true)
  })
})

describe('depth and breadth', () => {
  it('a chain is a call stack 5,000 agents deep', async () => {
    const { spans } = await traced('chain', 'depth=5000&delay_ms=0&thoughts=0')
    const byId = new Map(spans.map((span) => [span.span_id, span]))
    let depth = 0
    for (
      let at = spans.find(
        ({ name, attributes }) => name === 'invoke_agent link' && attributes['ati.chain.index'] === 4999,
      );
      at;
      at = byId.get(at.parent_span_id ?? '')
    ) {
      if (at.name === 'invoke_agent link') depth++
    }
    expect(depth).toBe(5000)
  })

  it('a fan-out of 10,000 answers, and all its spans arrive', async () => {
    const { result, spans } = await traced('fanout', 'fanout=10000&concurrency=500&delay_ms=0&thoughts=0')
    expect(result.ok).toBe(true)
    expect(spans).toHaveLength(40_005)
  })
})

describe('whose trace it is', () => {
  it("continues the caller's trace", async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const parent = 'b7ad6b7169203331'
    const result = await runScenario(pair.agent.url, 'fanout', 'fanout=2&delay_ms=1', {
      traceparent: `00-${traceId}-${parent}-01`,
    })
    expect(result.trace_id).toBe(traceId)
    const spans = await receiver.trace(traceId, result.spans.total)
    expect(spans.find(({ name }) => name === 'GET /run')?.parent_span_id).toBe(parent)
    const ledger = await ledgerOf(pair.agent.url, traceId)
    expect(ledger.steps[0]).toMatchObject({ key: 'request', remote_parent_span_id: parent })
  })

  it('only runs and tool calls are traced', async () => {
    const before = receiver.spans.length
    for (const path of ['/health', '/ready', '/scenarios', '/runs', '/telemetry', '/openapi.json', '/nothing'])
      await fetch(`${pair.agent.url}${path}`)
    await fetch(`${pair.tools.url}/health`)
    const { result } = await traced('human', 'human_delay_s=0&delay_ms=1')
    expect(receiver.spans.slice(before).every(({ trace_id }) => trace_id === result.trace_id)).toBe(true)
  })

  it('nothing else is in the trace: two spans a hop, and nothing of the exporter', () => {
    const known =
      /^(POST( \/mcp)?|GET( \/(run(\/\w+)?|stream|tool\/:tool_name))?|invoke_(workflow|agent) \w+|chat synthetic-llm-1|execute_tool \w+|retrieval knowledge_base|human_feedback|process_chunk|checkpoint|tools\/call transfer_to_agent)$/
    expect([...new Set(receiver.spans.map(({ name }) => name))].filter((name) => !known.test(name))).toEqual([])
  })
})

describe('a second mesh', () => {
  it('carries its prefix and its own service name', async () => {
    const secondary = await startPair(exportingTo(receiver.url), {
      AGENT_NAME: 'SecondaryAgent',
      SERVICE_NAME: 'second-mesh',
    })
    try {
      const result = await runScenario(secondary.agent.url, 'fanout', 'fanout=3&delay_ms=1')
      const spans = await receiver.trace(result.trace_id, result.spans.total)
      const ids = spans.map(({ attributes }) => attributes['ati.agent.id']).filter((id) => id !== undefined)
      expect(ids.length).toBeGreaterThan(0)
      expect(ids.every((id) => (id as string).startsWith('SecondaryAgent:'))).toBe(true)
      expect(ids).toContain('SecondaryAgent:worker:2')
      expect([...new Set(spans.map(({ service }) => service))].toSorted()).toEqual([
        'second-mesh',
        'synthetic-tool-service',
      ])
    } finally {
      await secondary.stop()
    }
  })
})
