import { tableOf } from 'exam/table/build'
import { type ExamSpan, takenIn } from 'exam/table/span'
import { expect, it } from 'vitest'

const span = (
  span_id: string,
  parent: string | null,
  operation: string,
  [from, to]: number[],
  more = {},
): ExamSpan => ({
  span_id,
  parent_span_id: parent,
  operation,
  name: operation === 'http_server' ? 'POST /mcp' : operation,
  service: 'agents',
  agent_id: null,
  facts: {},
  events: [],
  start_ms: from as number,
  end_ms: to as number,
  failed: false,
  links: [],
  ...more,
})
const told = (agent: string) => ({ arguments: JSON.stringify({ agent, message: 'look' }) })
/** A trace of an agent that took over. */
function taken(agent: string, times: number[], links: string[] = []) {
  const root = span(`root of ${agent}`, null, 'http_server', times, { links })
  const own = span(agent, root.span_id, 'invoke_agent', times, { agent_id: `${agent}:v1`, facts: { agent } })
  const found = takenIn([root, own])
  if (!found) throw new Error('no agent')
  return found
}
const planner = span('planner', null, 'invoke_agent', [0, 1000], { agent_id: 'planner:v1' })
const reaches = (spans: readonly ExamSpan[], ...elsewhere: ReturnType<typeof taken>[]) =>
  tableOf('t', [planner, ...spans], elsewhere)
    .steps.filter(({ kind }) => kind === 'handover')
    .map(({ span_id, name, ms, handed }) => [span_id, handed?.reach, name, ms])

it('who took over is below the call, in a trace that links to it, in one that fits, or nowhere', () => {
  const call = (id: string, times: number[], agent: string) => span(id, 'planner', 'hand_over', times, told(agent))
  const spans = [
    call('a', [0, 200], 'writer'),
    span('server', 'a', 'http_server', [1, 199]),
    span('writer', 'server', 'invoke_agent', [50, 198], { agent_id: 'writer:v1', facts: { agent: 'writer' } }),
    call('b', [200, 300], 'reader'),
    call('c', [300, 400], 'judge'),
    call('d', [400, 500], 'judge'),
    call('e', [500, 600], 'cook'),
  ]
  const linked = taken('reader', [201, 299], ['b'])
  // It says nothing, and is within two calls' conversation, but in the time of one alone; the cook's is of another time.
  const others = [taken('judge', [401, 499]), taken('cook', [700, 800])]
  expect(reaches(spans, linked, ...others)).toEqual([
    ['a', 'below', 'writer:v1', 50],
    ['b', 'linked', 'reader:v1', 100],
    ['c', 'nowhere', 'judge', 100],
    ['d', 'orphan', 'judge:v1', 100],
    ['e', 'nowhere', 'cook', 100],
  ])
})

it('nobody waits for a call during which who made it goes on', () => {
  const call = span('a', 'planner', 'hand_over', [0, 500], told('writer'))
  const alone = (...others: ExamSpan[]) =>
    tableOf('t', [planner, call, ...others]).steps.find(({ span_id }) => span_id === 'a')?.handed?.isLeftAlone
  expect(alone(span('chat', 'planner', 'chat', [500, 600]))).toBe(false)
  expect(alone(span('chat', 'planner', 'chat', [300, 400]))).toBe(true)
})

it('what goes on when a person has answered is part of the table, and the wait lasts until then', () => {
  const paused = { events: [{ name: 'paused', time_ms: 100 }] }
  const asked = span('asked', 'planner', 'human_feedback', [100, 100], paused)
  const root = span('later', null, 'http_server', [5000, 5400], { links: ['planner'] })
  const resumed = { agent_id: 'planner:v1', events: [{ name: 'resumed', time_ms: 5000, outcome: 'approve' }] }
  const again = span('again', 'later', 'invoke_agent', [5000, 5400], resumed)
  const next = span('next', 'again', 'chat', [5100, 5200])
  const elsewhere = takenIn([root, again, next])
  const before = span('before', 'planner', 'chat', [10, 90])
  const { steps } = tableOf('t', [planner, before, asked], elsewhere && [elsewhere])
  expect(steps.map(({ span_id, job, ms, gap_ms, result }) => [span_id, job, ms, gap_ms, result])).toEqual([
    ['before', 0, 80, 10, ''],
    ['asked', 0, 4900, 10, 'approve'],
    ['next', 0, 100, 100, ''],
  ])
})
