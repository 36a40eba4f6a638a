import type { SomeFacts } from 'contract/facts'
import { expect, test } from 'vitest'
import { usageOf, type UsageStep } from '../src/usage.ts'

const step = (span_id: string, parent_span_id: string | null, operation: string, facts: SomeFacts = {}): UsageStep => ({
  span_id,
  parent_span_id,
  operation,
  facts,
  failed: false,
})
const chat = (id: string, parent: string, input_tokens: number, cached_tokens: number) =>
  step(id, parent, 'chat', { model: 'synthetic-llm-1', input_tokens, cached_tokens, output_tokens: 1 })

test('how one run of a trace tells its cache says nothing of another that its caller made beside it', () => {
  const run = (id: string) => [step(id, 'caller', 'http_server'), step(`${id}-agent`, id, 'invoke_agent')]
  const usage = usageOf([
    step('caller', null, 'http_server'),
    ...run('beside'),
    chat('b1', 'beside-agent', 100, 900),
    chat('b2', 'beside-agent', 500, 400),
    // An agent that took over is of the same run.
    step('handed', 'beside-agent', 'hand_over'),
    step('took', 'handed', 'http_server'),
    step('took-agent', 'took', 'invoke_agent'),
    chat('b3', 'took-agent', 300, 200),
    ...run('among'),
    chat('a1', 'among-agent', 1000, 900),
  ])
  expect(usage.input_tokens).toBe(100 + 900 + 500 + 400 + 300 + 200 + 1000)
})

test('of one run that lost spans, all tell it the same way', () => {
  const usage = usageOf([
    step('request', null, 'http_server'),
    step('agent', 'request', 'invoke_agent'),
    chat('a', 'agent', 100, 900),
    chat('b', 'lost-agent', 500, 400),
  ])
  expect(usage.input_tokens).toBe(1900)
})

test('spans that go in circles are read as well', () => {
  const usage = usageOf([
    step('a', 'b', 'invoke_agent'),
    step('b', 'a', 'invoke_agent'),
    chat('c', 'a', 100, 900),
    chat('d', 'b', 500, 400),
  ])
  expect(usage.input_tokens).toBe(1900)
})
