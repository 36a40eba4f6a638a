import { describe, expect, it } from 'vitest'
import { tableOf } from 'exam/table/build'
import { piecesOf } from 'exam/table/pieces'
import { makespan } from 'exam/table/schedule'
import type { ExamSpan } from 'exam/table/span'

let ids = 0
const span = (operation: string, from: number, to: number, more: Partial<ExamSpan> = {}): ExamSpan => ({
  span_id: `s${ids++}`,
  parent_span_id: null,
  operation,
  name: operation,
  service: 'agents',
  agent_id: null,
  facts: {},
  events: [],
  start_ms: from,
  end_ms: to,
  failed: false,
  links: [],
  ...more,
})
const below = (parent: ExamSpan, ...args: Parameters<typeof span>) =>
  span(args[0], args[1], args[2], { parent_span_id: parent.span_id, ...args[3] })
const itself = (step: { ms: number; gap_ms: number }) => step

/** A call of one attempt, within an agent. */
function call(agent: ExamSpan, from: number, to: number, tool = 'search', args?: string): ExamSpan[] {
  const logical = below(agent, 'execute_tool', from, to, { facts: { tool }, arguments: args })
  return [logical, below(logical, 'http_client', from, to, { facts: { status: 200, response_bytes: 2048 } })]
}

describe('lanes', () => {
  const planner = span('invoke_agent', 0, 400)
  const workers = [
    [10, 110],
    [10, 210],
    [110, 150],
  ].map(([from, to]) => below(planner, 'invoke_agent', from as number, to as number))
  const spans = [
    planner,
    below(planner, 'chat', 0, 10, { facts: { model: 'm', input_tokens: 100, cached_tokens: 40 } }),
    ...workers,
    ...workers.flatMap((worker) => call(worker, worker.start_ms + 5, worker.end_ms)),
  ]
  const table = tableOf('t', spans)

  it('are as many as ran at the same time', () => {
    expect(table.lanes).toBe(2)
  })

  it('have jobs that begin with their agents, after what was there before them', () => {
    expect(table.steps.map(({ job, gap_ms }) => [job, gap_ms])).toEqual([
      [0, 0],
      [1, 5],
      [2, 5],
      [3, 5],
    ])
    expect(table.after.slice(1)).toEqual([[0], [0], [0]])
    expect(makespan(table, itself)).toBe(210)
  })

  it('say what a slow call with slack costs: nothing', () => {
    expect(makespan(table, (step, index) => (index === 3 ? { ms: 0, gap_ms: 0 } : step))).toBe(210)
    expect(makespan(table, (step, index) => (index === 2 ? { ms: 0, gap_ms: 0 } : step))).toBe(110)
  })

  it('read tokens and sizes', () => {
    expect(table.steps[0]).toMatchObject({ kind: 'model', uncached_tokens: 60, cached_tokens: 40 })
    expect(table.steps[1]).toMatchObject({ kind: 'tool', name: 'search', kb: 2 })
  })
})

it('links are what a job waited for, and its first gap is since then', () => {
  const root = span('invoke_agent', 0, 1000)
  const [a, b] = [below(root, 'invoke_agent', 0, 100), below(root, 'invoke_agent', 0, 300)]
  const late = below(root, 'invoke_agent', 300, 1000, { links: [a.span_id, b.span_id] })
  const table = tableOf('t', [root, a, b, late, ...call(a, 0, 100), ...call(b, 0, 300), ...call(late, 900, 1000)])
  expect(table.after).toEqual([[], [], [0, 1]])
  expect(table.steps.at(-1)).toMatchObject({ job: 2, gap_ms: 600 })
  expect(makespan(table, itself)).toBe(1000)
})

it('an agent beside which the one above goes on keeps nobody waiting', () => {
  const agent = span('invoke_agent', 0, 500)
  const side = below(agent, 'invoke_agent', 0, 450)
  const table = tableOf('t', [
    agent,
    side,
    ...call(side, 0, 450),
    ...call(agent, 0, 100),
    ...call(agent, 110, 200),
    ...call(agent, 260, 300),
  ])
  expect(table.steps.filter(({ job }) => job === -1)).toHaveLength(1)
  expect(table.steps.filter(({ job }) => job === 0).map(({ gap_ms }) => gap_ms)).toEqual([0, 10, 60])
  expect(makespan(table, itself)).toBe(300)
})

it('nested agents are one after another, cut where each waited for the next', () => {
  const first = span('invoke_agent', 0, 400)
  const second = below(first, 'invoke_agent', 100, 350)
  const table = tableOf('t', [
    first,
    second,
    ...call(first, 0, 100),
    ...call(second, 110, 350),
    ...call(first, 360, 400),
  ])
  expect(table.steps.map(({ job, gap_ms }) => [job, gap_ms])).toEqual([
    [0, 0],
    [1, 10],
    [2, 10],
  ])
  expect(table.after).toEqual([[], [0], [0, 1]])
})

describe('attempts', () => {
  const agent = span('invoke_agent', 0, 5000)
  const logical = below(agent, 'execute_tool', 0, 1100, {
    facts: { tool: 'search' },
    arguments: '{"id":"1","action":"write"}',
  })
  const attempts = [
    below(logical, 'http_client', 0, 40, { failed: true, facts: { status: 429, retry_after: '1' } }),
    below(logical, 'http_client', 1040, 1100, { facts: { status: 200 } }),
  ]
  const { steps } = tableOf('t', [agent, logical, ...attempts])

  it('are a step each, with how long was asked to wait before it', () => {
    expect(steps).toMatchObject([
      { span_id: attempts[0]?.span_id, failure: 'limited', asked_ms: 0, isWrite: true },
      { span_id: attempts[1]?.span_id, failure: null, asked_ms: 1000, gap_ms: 1000 },
    ])
  })

  it('of a poll are asked for by its answers', () => {
    const asked = { facts: { tool: 'search' }, arguments: '{"id":"2"}' }
    const first = below(agent, 'execute_tool', 0, 10, { ...asked, result: '{"status":"pending","retry_after_ms":200}' })
    const chat = below(agent, 'chat', 20, 30)
    const second = below(agent, 'execute_tool', 230, 240, { ...asked, result: '{"status":"done"}' })
    expect(tableOf('t', [agent, first, chat, second]).steps.map(({ asked_ms }) => asked_ms)).toEqual([0, 200, 200])
  })
})

describe('a streamed answer', () => {
  const planner = span('invoke_agent', 0, 400)
  const chat = (from: number, to: number, events: ExamSpan['events'] = []) =>
    below(planner, 'chat', from, to, { facts: { model: 'm', input_tokens: 100 }, events })
  const at = (name: string, time_ms: number, tokens?: number) => ({ name, time_ms, tokens })
  const streamed = chat(20, 320, [
    at('first_token', 120, 1),
    at('background_started', 200, 9),
    at('elsewhere', 250),
    at('last_token', 320, 21),
  ])
  const table = tableOf('t', [planner, chat(0, 230, [at('told', 5)]), streamed, chat(240, 330), chat(230, 300)])

  it('is the call of the model that says when its first token came, whichever begins first', () => {
    const read = piecesOf(table)
    expect(read?.step.span_id).toBe(streamed.span_id)
    expect(read?.marks.map(({ ms }) => ms)).toEqual([100, 180, 300])
  })

  it('has pieces between its marks, each with the other calls of its model in its middle', () => {
    expect(piecesOf(table)?.pieces).toEqual([
      { ms: 80, tokens: 8, middle: 140, others: 1 },
      { ms: 120, tokens: 12, middle: 240, others: 2 },
    ])
  })
})
