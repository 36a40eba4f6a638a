import type { Handed, Part } from 'contract/handoff'
import type { LedgerAnswer, LedgerStep, RunLedger } from 'contract/ledger'
import type { SeveredContext } from 'findings/kinds/severed-context'
import type { Compared } from 'findings/planted'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunAnswer } from '../agent-app/src/output.ts'
import { resumedIn } from '../cli/verify/play.ts'
import { exportingTo, type Service, startService } from '../scripts/pair.ts'
import { freePorts } from '../trace-inspector/test/support/backend.ts'
import { flag } from '../trace-inspector/src/page/model/columns.ts'
import type { PictureAnswer } from '../trace-inspector/src/page/server/picture.ts'
import type { Session } from '../trace-inspector/src/session/session.ts'
import { type Stack, startStack } from '../trace-inspector/test/support/stack.ts'
import { runScenario } from './support/runs.ts'

/** Two agents that hand over to each other, their tools, and what verifies their traces. */
let stack: Stack
let second: Service

beforeAll(async () => {
  const ports = await freePorts(2)
  const [first = '', other = ''] = ports.map((port) => `http://127.0.0.1:${port}`)
  const shared = { ANSWERS_TOKEN: 'only-for-this-test' }
  const inspecting = { ...shared, AGENT_URLS: `${first},${other}` }
  stack = await startStack({}, { ...shared, PORT: String(ports[0]), PEER_BASE: other }, inspecting)
  second = await startService('agent-app', {
    ...shared,
    ...exportingTo(stack.meddler.url),
    PORT: String(ports[1]),
    TOOL_BASE: stack.tools.url,
    PEER_BASE: first,
    SERVICE_NAME: 'second',
  })
})
afterAll(async () => {
  await second.stop()
  await stack.stop()
})

const verify = (traceId: string) => stack.verify(traceId, 200)
/** What spans say against what was planted; a busy machine may make a call slow besides. */
const planted = async (traceId: string) => (await stack.reveal(traceId)).planted
/** What spans name, and what of that nobody planted, but for calls that a busy machine made slow. */
async function namedIn(traceId: string) {
  const { observed, planted } = await stack.reveal(traceId)
  const { span_ids, slow } = observed as SeveredContext
  const slowOnes = new Set(slow.map(({ span_id }) => span_id))
  const isMeant = (id: string) => !slowOnes.has(id)
  return { named: span_ids.filter(isMeant), notPlanted: (planted as Compared).not_planted.filter(isMeant) }
}

async function runsAt(agent: Service, traceId: string): Promise<RunLedger[]> {
  const response = await fetch(`${agent.url}/runs/${traceId}`)
  return response.status === 404 ? [] : ((await response.json()) as LedgerAnswer).runs
}
const isHandOver = ({ facts }: LedgerStep) => facts.operation === 'hand_over'
const severedOf = ({ session }: RunAnswer) => (session?.trace_ids ?? []).slice(1)

const quick = 'delay_ms=5&llm_delay_ms=1'

describe('a run that is handed over to another agent', () => {
  let answer: RunAnswer
  beforeAll(async () => {
    const url = stack.agent.url
    answer = await runScenario(url, 'handoff', `hops=4&severed=2&human_delay_s=0.05&seed=a&${quick}`)
  })

  it('is one trace by two agents, complete, with a ledger at each', async () => {
    const { trace_id, spans, key } = answer
    expect(await verify(trace_id)).toMatchObject({
      verdict: 'complete',
      counts: { expected: spans.total, unexpected: 0 },
    })
    expect((await runsAt(stack.agent, trace_id)).map(({ part }) => part)).toEqual([undefined])
    const parts = await runsAt(second, trace_id)
    expect(parts).toHaveLength(2)
    for (const { part, service } of parts) expect([service, part?.severed_from]).toEqual(['second', undefined])
    expect(key).toMatchObject({ verdict: 'faulty', faults: [{ kind: 'severed' }, { kind: 'severed' }] })
    expect(await planted(trace_id)).toMatchObject({ planted: 2, hits: 2, missed: [] })
  })

  it('has roots elsewhere where its context was lost, whose ledgers know their true parent', async () => {
    const [whole] = await runsAt(stack.agent, answer.trace_id)
    const calls = new Map(whole?.steps.filter(isHandOver).map((step) => [step.span_id, step]))
    expect(severedOf(answer)).toHaveLength(2)
    for (const traceId of severedOf(answer)) {
      expect(await verify(traceId)).toMatchObject({ verdict: 'complete', counts: { differences: 0 } })
      const [part] = await runsAt(second, traceId)
      const { trace_id = '', span_id = '' } = part?.part?.severed_from ?? {}
      expect(trace_id).toBe(answer.trace_id)
      const taken = calls.get(span_id)?.handed_over
      expect(taken).toMatchObject({ trace_id: traceId, span_id: part?.steps[0]?.span_id, in_trace: false })
      // It is one edge, and either side names it.
      const fault =
        answer.key !== 'pending' && answer.key?.faults.find(({ accepted }) => accepted[0]?.includes(span_id))
      expect(fault).toMatchObject({ accepted: [[span_id, taken?.span_id, taken?.agent_span_id]] })
      expect(await planted(traceId)).toMatchObject({ planted: 1, hits: 1, missed: [] })
      expect(await namedIn(traceId)).toEqual({ named: [taken?.span_id], notPlanted: [] })
    }
  })

  it('goes on in a trace of its own when a person has answered, linked to what it goes on with', async () => {
    const traceId = await resumedIn(stack.agent.url, answer.trace_id, performance.now() + 30_000)
    const [part] = await runsAt(stack.agent, String(traceId))
    const [whole] = await runsAt(stack.agent, answer.trace_id)
    expect(part?.part?.resumes?.trace_id).toBe(answer.trace_id)
    expect(whole?.steps.find(({ span_id }) => span_id === part?.part?.resumes?.span_id)?.key).toBe('planner')
    expect(part?.conversation_id).toBe(answer.session?.conversation_id)
    expect(await verify(String(traceId))).toMatchObject({ verdict: 'complete', counts: { link_lost: 0 } })
    expect(await planted(String(traceId))).toMatchObject({ planted: 0, missed: [] })
    // A root without a parent, which was meant.
    expect(await namedIn(String(traceId))).toEqual({ named: [], notPlanted: [] })
  })

  it('is one session, in which what was severed is put back where its ledger says', async () => {
    const resumed = await resumedIn(stack.agent.url, answer.trace_id, performance.now() + 30_000)
    await verify(String(resumed))
    const session = await stack.get<Session>(`/traces/${answer.trace_id}/session`)
    expect(session.conversation_id).toBe(answer.session?.conversation_id)
    expect(session.traces.map(({ trace_id, how, known_by }) => [trace_id, how, known_by])).toEqual([
      [answer.trace_id, 'begins', null],
      ...severedOf(answer).map((traceId) => [traceId, 'severed', 'ledger']),
      [resumed, 'resumes', null],
    ])
    expect(session.traces.at(-1)?.idle_ms).toBeGreaterThan(0)
    const { columns } = await stack.get<PictureAnswer>(`/traces/${answer.trace_id}/picture?stitch=1`)
    const seams = columns.flags.flatMap((flags, span) => (flags & flag.stitched ? [span] : []))
    const [whole] = await runsAt(stack.agent, answer.trace_id)
    const calls = whole?.steps.filter(({ handed_over: taken }) => taken?.in_trace === false) ?? []
    expect(seams.map((span) => [columns.id[columns.parent[span] as number], columns.id[span]])).toEqual(
      calls.map(({ span_id, handed_over }) => [span_id, handed_over?.span_id]),
    )
    expect(columns.id).toHaveLength(answer.spans.total + 6 * seams.length)
    const foreign = columns.id[seams[0] as number]
    expect(await stack.get(`/traces/${answer.trace_id}/spans/${foreign}`)).toMatchObject({ span_id: foreign })
  })

  it('decides the same at either agent', async () => {
    const query = `hops=4&severed=2&human_delay_s=0&seed=a&${quick}`
    const ofSecond = await runScenario(second.url, 'handoff', query)
    expect(ofSecond.finding.injected?.map(({ key }) => key)).toEqual(answer.finding.injected?.map(({ key }) => key))
    expect(ofSecond.summary).toMatchObject({ input_tokens: answer.summary.input_tokens, tool_calls: 5 })
    expect(await runsAt(stack.agent, ofSecond.trace_id)).toHaveLength(2)
  })
})

it('a part that lost the conversation as well is found by ledgers, from either side', async () => {
  const query = `hops=2&severed=1&severed_conversation=lost&human_delay_s=0&seed=a&${quick}`
  const whole = await runScenario(stack.agent.url, 'handoff', query)
  const [lost = ''] = severedOf(whole)
  for (const traceId of [whole.trace_id, lost]) await verify(traceId)
  for (const traceId of [whole.trace_id, lost]) {
    const { conversation_id, traces } = await stack.get<Session>(`/traces/${traceId}/session`)
    expect(conversation_id).toBe(whole.session?.conversation_id)
    expect(traces.filter(({ how }) => how !== 'resumes').map(({ trace_id }) => trace_id)).toEqual([
      whole.trace_id,
      lost,
    ])
  }
  const { columns } = await stack.get<PictureAnswer>(`/traces/${whole.trace_id}/picture?stitch=1`)
  const foreign = columns.id[columns.flags.findIndex((flags) => flags & flag.stitched)]
  expect(await stack.get(`/traces/${whole.trace_id}/spans/${foreign}`)).toMatchObject({ span_id: foreign })
})

it('a blind run is handed over blind, and its parts draw what the whole does', async () => {
  const response = await fetch(`${stack.agent.url}/run`, {
    headers: { 'x-run-parameters': `blind=true&scenario=handoff&hops=2&severed=0&human_delay_s=0&seed=a&${quick}` },
  })
  const { trace_id } = (await response.json()) as { trace_id: string }
  const verified = await verify(trace_id)
  expect(verified).toMatchObject({ verdict: 'complete', counts: { differences: 0 } })
  expect((await fetch(`${second.url}/runs/${trace_id}`)).status).toBe(423)
})

it('hand-overs that nobody answers are in the key as unplanned, and in the finding; none was severed', async () => {
  const [nowhere] = await freePorts(1)
  const lonely = await startService('agent-app', {
    TOOL_BASE: stack.tools.url,
    PEER_BASE: `http://127.0.0.1:${nowhere}`,
    OTEL_SDK_DISABLED: 'true',
  })
  try {
    const { ok, key, finding, trace_id } = await runScenario(lonely.url, 'handoff', `hops=2&severed=1&${quick}`)
    const [run] = await runsAt(lonely, trace_id)
    const calls = (run?.steps ?? []).filter(isHandOver).map(({ span_id }) => span_id)
    expect(calls).toHaveLength(2)
    expect(ok).toBe(false)
    expect(key).toMatchObject({ verdict: 'healthy', faults: [] })
    expect(key).toMatchObject({ unplanned: { count: 2, error_types: { agent_unreachable: 2 }, spans: calls } })
    // A busy machine may make a call slow besides.
    expect(finding.observed.span_ids).toEqual(expect.arrayContaining(calls))
    expect(finding.text).toContain('2 hand-overs failed')
  } finally {
    await lonely.stop()
  }
})

it('what a client leaves ends at the other agent too', async () => {
  const inFlight = async (agent: Service) =>
    ((await (await fetch(`${agent.url}/health`)).json()) as { in_flight: number }).in_flight
  const leaving = new AbortController()
  const left = fetch(
    `${stack.agent.url}/run?scenario=handoff&hops=1&severed=0&faults=slow_tool:database:1000&delay_ms=60&human_delay_s=0`,
    {
      signal: leaving.signal,
    },
  )
  await expect.poll(() => inFlight(second)).toBe(1)
  leaving.abort()
  await expect(left).rejects.toThrow()
  await expect.poll(() => inFlight(second)).toBe(0)
  await expect.poll(() => inFlight(stack.agent)).toBe(0)
})

describe('the door', () => {
  const knock = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${second.url}/mcp`, { method: 'POST', body: JSON.stringify(body), headers })
  const asked = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'transfer_to_agent' } }

  it('takes a hand-over of whoever says no more than that, in the trace that its _meta says', async () => {
    const _meta = { traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` }
    const response = await knock({ ...asked, params: { ...asked.params, _meta } })
    const answer = (await response.json()) as {
      id: number
      result: { isError: boolean; _meta: Record<string, Handed> }
    }
    expect([response.status, answer.id, answer.result.isError]).toEqual([200, 7, false])
    const { trace_id, span_id } = answer.result._meta['synthetic-agents/run'] as Handed
    expect(trace_id).toBe('ab'.repeat(16))
    const [run] = await runsAt(second, trace_id)
    expect(run?.steps[0]).toMatchObject({ span_id, remote_parent_span_id: 'cd'.repeat(8) })
  })

  it.each([
    ['what is no JSON-RPC', { ...asked, jsonrpc: '1.0' }, 400, /jsonrpc: /],
    ['another method', { ...asked, method: 'tools/list' }, 400, /method: /],
    ['another tool', { ...asked, params: { name: 'search' } }, 400, /params\.name: /],
    [
      'a trace that is none',
      part({ name: 'planner/handoff/0', resumes: { trace_id: 'x', span_id: 'y' } }),
      400,
      /trace_id: /,
    ],
    ['a part that a run does not have', part({ name: 'planner/handoff/3' }), 404, /no part/],
    ['a parameter that is none', part({ name: 'planner/handoff/0' }, { hops: 0 }), 400, /hops/],
    ['a scenario that has no parts', part({ name: 'planner/handoff/0' }, {}, 'fanout'), 404, /no part/],
    ['a scenario that there is not', part({ name: 'planner/handoff/0' }, {}, 'nothing'), 404, /no scenario/],
  ])('refuses %s', async (_, body, status, detail) => {
    const response = await knock(body)
    expect(response.status).toBe(status)
    expect(await response.text()).toMatch(detail)
  })

  it('is closed to pages of other sites, and to other methods', async () => {
    expect((await knock(asked, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await fetch(`${second.url}/mcp`)).status).toBe(405)
  })

  function part(of: Part, params: Record<string, number> = {}, scenario = 'handoff') {
    const run = { scenario, params, part: of }
    return { ...asked, params: { ...asked.params, _meta: { 'synthetic-agents/run': run } } }
  }
})
