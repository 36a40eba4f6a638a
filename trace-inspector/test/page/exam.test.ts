import { expect, test } from 'vitest'
import { type ExamSpan, score } from '../../src/page/model/exam.ts'

const span = (span_id: string, parent_span_id: string | null, operation: string): ExamSpan => ({
  span_id,
  parent_span_id,
  operation,
  agent_id: null,
})
const spans = [
  span('planner', null, 'invoke_agent'),
  span('chat', 'planner', 'chat'),
  ...['1', '2'].flatMap((at) => [
    span(`worker${at}`, 'planner', 'invoke_agent'),
    span(`call${at}`, `worker${at}`, 'execute_tool'),
    span(`get${at}`, `call${at}`, 'http_client'),
  ]),
]

test.each([
  ['the culprits', ['call1', 'call2'], { verdict: 'right', precision: 1, recall: 1 }],
  ['what is below them', ['get1', 'get2'], { verdict: 'right', precision: 1, recall: 1 }],
  ['the agents whose only work they are', ['worker1', 'worker2'], { verdict: 'right', precision: 1, recall: 1 }],
  ['one of them', ['call1'], { verdict: 'partly', precision: 1, recall: 0.5, missed: ['call2'] }],
  ['one, and somebody else', ['call1', 'chat'], { verdict: 'partly', precision: 0.5, recall: 0.5, wrong: ['chat'] }],
  ['who only called them', ['planner'], { verdict: 'wrong', precision: 0, recall: 0 }],
  ['nobody', [], { verdict: 'wrong', precision: 0, recall: 0 }],
  ['what does not exist', ['nonsense'], { verdict: 'wrong', wrong: ['nonsense'] }],
])('pointing at %s', (_what, answer, expected) => {
  expect(score(['call1', 'call2'], answer, spans)).toMatchObject(expected)
})

test('where nothing is wrong, saying so is right and accusing is wrong', () => {
  expect(score([], [], spans)).toMatchObject({ verdict: 'right', precision: 1, recall: 1 })
  expect(score([], ['call1'], spans)).toMatchObject({ verdict: 'wrong', precision: 0 })
})

test('an attempt is found by the call whose only attempt it is', () => {
  expect(score(['get1'], ['call1'], spans).verdict).toBe('right')
})
