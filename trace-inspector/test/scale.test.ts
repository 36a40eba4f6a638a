import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectAlike, wordsOf } from './support/alike.ts'
import { startStack, type Stack } from './support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

const patient = 240_000

test('a fan-out of 10,000 is verified span by span', { timeout: patient }, async () => {
  const { trace_id } = await stack.run(
    'scenario=fanout&fanout=10000&concurrency=500&delay_ms=1&llm_delay_ms=1&thoughts=0',
  )
  expect(await stack.verify(trace_id, 200)).toMatchObject({
    verdict: 'complete',
    counts: { expected: 40_005, received: 40_005, differences: 0 },
  })
})

test('a chain 5,000 deep is verified and revealed, and overflows nothing', { timeout: patient }, async () => {
  const { trace_id, finding } = await stack.run('scenario=chain&depth=5000&delay_ms=0&llm_delay_ms=1&thoughts=0')
  expect(await stack.verify(trace_id, 200)).toMatchObject({
    verdict: 'complete',
    counts: { expected: 20_005, received: 20_005, differences: 0 },
  })
  const { kind, text, observed } = await stack.reveal(trace_id)
  expect(kind).toBe('cumulative_latency')
  expectAlike(observed, finding.observed)
  // The answer of the run says what was planted, too.
  expect(wordsOf(finding.text)).toContain(wordsOf(text as string))
  expect(await stack.get(`/traces/${trace_id}`)).toMatchObject({ spans: 20_005, scenario: 'chain' })
})

test('a join of 5,000 branches keeps every link', { timeout: patient }, async () => {
  const { trace_id } = await stack.run('scenario=dag&fanout=5000&delay_ms=1&llm_delay_ms=1&thoughts=0')
  expect(await stack.verify(trace_id, 200)).toMatchObject({ verdict: 'complete', counts: { link_lost: 0 } })
})
