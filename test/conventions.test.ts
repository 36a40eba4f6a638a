import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ScenarioName } from 'contract/scenarios'
import { scenarioOf, scenarios } from 'engine/scenarios/index'
import { faultsOf } from './support/conventions.ts'
import { type Receiver, startReceiver } from './support/receiver.ts'
import { runScenario } from './support/runs.ts'
import { exportingTo, type Pair, startPair } from './support/services.ts'

let receiver: Receiver
let pair: Pair

beforeAll(async () => {
  receiver = await startReceiver()
  pair = await startPair({ ...exportingTo(receiver.url), OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' })
})
afterAll(async () => {
  await pair.stop()
  await receiver.close()
})

const queries: Record<string, string[]> = {
  fanout: ['fanout=8&delay_ms=2&conversation_id=talk', 'fanout=8&delay_ms=2&error_rate=0.5'],
  chain: ['depth=4&delay_ms=2', 'depth=4&delay_ms=2&mode=flat'],
  retry: ['fanout=20&error_rate=0.5&max_retries=2&delay_ms=2&backoff_ms=1'],
  dag: ['fanout=8&delay_ms=2', 'fanout=8&delay_ms=2&error_rate=0.5'],
  react: ['delay_ms=2&max_steps=8', 'delay_ms=2&error_rate=0.5&max_steps=3'],
  human: ['human_delay_s=0&delay_ms=2', 'human_delay_s=0&delay_ms=2&outcome=expire', 'error_rate=1&delay_ms=2'],
  overflow: ['delay_ms=2', 'delay_ms=2&lookalike=short_answer&at_limit=compact'],
  loop: ['delay_ms=2&repeats=3', 'delay_ms=2&max_steps=6&lookalike=retry'],
  rag: ['delay_ms=2&ms_per_kb=0', 'delay_ms=2&ms_per_kb=0&capture_content=false', 'delay_ms=2&error_rate=1'],
  handoff: ['hops=2&human_delay_s=0&delay_ms=2&conversation_id=talk', 'hops=1&severed=0&delay_ms=2&error_rate=1'],
  stream: [
    'duration_s=0.2&background_fanout=4&tool_delay_ms=10',
    'duration_s=0.2&background_fanout=4&tool_delay_ms=10&error_rate=1',
  ],
  cascade: ['calls=20&delay_ms=5', 'calls=10&delay_ms=2&error_rate=1'],
  silent: ['delay_ms=2&lookups=2&flaw=any', 'delay_ms=2&lookups=2&capture_content=false'],
  hallucination: ['delay_ms=2', 'delay_ms=2&hallucination=bad_arguments&recovers=false'],
}

describe.each(scenarios.map(({ name }) => name))('%s', (name) => {
  it('writes every span as the conventions have it', async () => {
    for (const query of queries[name] ?? []) {
      const result = await runScenario(pair.agent.url, name, query)
      const spans = await receiver.trace(result.trace_id, result.spans.total)
      expect(spans.flatMap(faultsOf)).toEqual([])
      const conversations = new Set(spans.map(({ attributes }) => attributes['gen_ai.conversation.id']))
      const drawn = scenarioOf[name as ScenarioName].isSession ? [expect.stringMatching(/^conv_[0-9a-f]{16}$/)] : []
      expect([...conversations].filter((id) => id !== undefined)).toEqual(
        query.includes('conversation_id') ? ['talk'] : drawn,
      )
    }
  })

  it('joins every tool call that a model asked for to the chat that did', async () => {
    const result = await runScenario(pair.agent.url, name, queries[name]?.[0])
    const spans = await receiver.trace(result.trace_id, result.spans.total)
    const asking = spans.filter(({ attributes }) => attributes['ati.tool.call.id'] !== undefined)
    for (const chat of asking) {
      const call = spans.find(
        ({ attributes }) => attributes['gen_ai.tool.call.id'] === chat.attributes['ati.tool.call.id'],
      )
      expect(call?.parent_span_id).toBe(chat.parent_span_id)
      expect(chat.attributes['gen_ai.response.finish_reasons']).toEqual(['tool_call'])
    }
    expect(asking.length > 0).toBe(!['rag', 'stream', 'cascade'].includes(name))
  })
})

// What did not fit is dropped.
const remembering = scenarios.map(({ name }) => name).filter((name) => name !== 'overflow')
it.each(remembering)('%s sends the model what its calls were answered, and all that came before', async (name) => {
  const result = await runScenario(pair.agent.url, name, queries[name]?.[0])
  const spans = await receiver.trace(result.trace_id, result.spans.total)
  const chats = spans.filter(({ name }) => name.startsWith('chat')).toSorted((a, b) => a.start_ms - b.start_ms)
  for (const own of Map.groupBy(chats, ({ parent_span_id }) => parent_span_id).values())
    for (const [index, before] of own.slice(0, -1).entries()) {
      const [said, answered] = ['input', 'output'].map(
        (which) => JSON.parse(String(before.attributes[`gen_ai.${which}.messages`])) as object[],
      )
      const sent = JSON.parse(String(own[index + 1]?.attributes['gen_ai.input.messages'])) as object[]
      const [{ finish_reason: _, ...answer }] = answered as [{ finish_reason: string }]
      const id = before.attributes['ati.tool.call.id']
      const observed = id === undefined ? [] : [{ role: 'tool', parts: [{ type: 'tool_call_response', id }] }]
      expect(sent).toMatchObject([...(said ?? []), answer, ...observed])
    }
})
