import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LedgerStep } from 'contract/ledger'
import { scenarios } from 'engine/scenarios/index'
import { type ReceivedSpan, type Receiver, startReceiver } from './support/receiver.ts'
import { ledgerOf, runScenario } from './support/runs.ts'
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

/** Ids, indexes, ports and times: what tells any span from any other. */
const identity = new Set([
  'ati.agent.id',
  'ati.worker.index',
  'ati.worker.queued_ms',
  'ati.chain.index',
  'ati.rag.chunk.index',
  'ati.step',
  'gen_ai.response.id',
  'gen_ai.tool.call.id',
  'ati.tool.call.id',
  'jsonrpc.request.id',
  'network.peer.port',
  'client.port',
  'gen_ai.response.time_to_first_chunk',
])

/** The tool that was called is the caller's choice, spread over culprits and peers alike; its text is compared as a shape. */
const shaped = new Set([
  'gen_ai.tool.name',
  'gen_ai.tool.description',
  'gen_ai.tool.call.arguments',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'ati.tool.name',
  'ati.rag.chunk.content',
  'url.full',
  'url.path',
])

/** What is observed, and is the symptom itself. */
const observable = new Set([
  'http.response.status_code',
  'http.status_text',
  'http.response.body.size',
  'http.request.resend_count',
  'error.type',
  'gen_ai.tool.call.result',
  'ati.rag.chunk.bytes',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.response.finish_reasons',
])

/** Events that tell what happened; their figures are times. */
const observableEvents = new Set(['retry'])

/** All that a reader of a span can tell it by, with what is its own set aside. */
function appearance(span: ReceivedSpan): string {
  const attributes = Object.entries(span.attributes)
    .filter(([name]) => !identity.has(name) && !observable.has(name))
    .map(([name, value]) => (shaped.has(name) ? name : `${name}=${JSON.stringify(value)}`))
    .toSorted()
  const events = span.events.map(({ name }) => name).filter((name) => !observableEvents.has(name))
  return JSON.stringify([
    span.name.replace(/^execute_tool .*/, 'execute_tool'),
    span.kind,
    span.service,
    attributes,
    events,
  ])
}

/** A tool's URL says which tool, and nothing of how it is to behave. */
const toolUrl = /\/tool\/(search|database|calculator|calendar|mail|aggregate|knowledge_base)$/

const queries: Record<string, string> = {
  fanout: 'fanout=40&stragglers=4&straggler_factor=5&delay_ms=4&error_rate=0.2',
  chain: 'depth=10&delay_ms=2',
  retry: 'fanout=40&error_rate=0.3&delay_ms=2&backoff_ms=1',
  dag: 'fanout=40&stragglers=4&straggler_factor=5&delay_ms=4',
  react: 'max_steps=15&finish_probability=0.02&slow_tool_probability=0.4&slow_tool_factor=3&delay_ms=4',
  human: 'human_delay_s=0&delay_ms=2',
  overflow: 'delay_ms=2',
  loop: 'delay_ms=2',
  rag: 'rag_chunks=10&ms_per_kb=0.1&delay_ms=2',
  stream: 'duration_s=0.2&background_fanout=10&tool_delay_ms=5&error_rate=0.3',
  handoff: 'hops=6&severed=3&human_delay_s=0&delay_ms=2',
  cascade: 'calls=30&delay_ms=5&backoff_ms=2',
  silent: 'lookups=8&flaws=3&flaw=any&delay_ms=2',
  // A tool that does not exist has a name of its own, and no description.
  hallucination: 'lookups=8&hallucinations=3&hallucination=bad_arguments&delay_ms=2',
}

/** Agents that do one thing: with a faulty call below it, the agent is as suspect as the call. */
const singleMinded = new Set(['worker', 'link', 'branch'])

/** The span ids of whatever a fault was injected into, of all below it, and of the agent that did nothing else. */
function culpritsOf(steps: readonly LedgerStep[], spans: readonly ReceivedSpan[]): Set<string> {
  const guilty = new Set<number>()
  for (const { id, parent_id, injected } of steps) {
    if (injected?.fault === undefined && !guilty.has(parent_id ?? -1)) continue
    guilty.add(id)
  }
  for (const id of Array.from(guilty)) {
    for (let at = steps[id]; at && at.parent_id !== null; at = steps[at.parent_id])
      if (at.facts.operation === 'invoke_agent' && singleMinded.has(at.facts.agent)) guilty.add(at.id)
  }
  const ids = new Set(steps.filter(({ id }) => guilty.has(id)).map(({ span_id }) => span_id ?? ''))
  for (const { kind, span_id, parent_span_id } of spans)
    if (kind === 'server' && ids.has(parent_span_id ?? '')) ids.add(span_id)
  return ids
}

const kindOf = ({ name, kind }: ReceivedSpan) => `${kind} ${name.replace(/^execute_tool .*/, 'execute_tool')}`

it.each(scenarios.map(({ name }) => name))(
  '%s: nothing but time and outcome tells a culprit from its peers',
  async (name) => {
    let compared = 0
    for (const seed of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const result = await runScenario(pair.agent.url, name, `${queries[name]}&seed=${seed}`)
      const spans = await receiver.trace(result.trace_id, result.spans.total)
      const { steps } = await ledgerOf(pair.agent.url, result.trace_id)
      const culprits = culpritsOf(steps, spans)
      for (const peers of Map.groupBy(spans, kindOf).values()) {
        const innocent = new Set(peers.filter(({ span_id }) => !culprits.has(span_id)).map(appearance))
        if (innocent.size === 0) continue
        for (const span of peers.filter(({ span_id }) => culprits.has(span_id))) {
          compared++
          expect([...innocent], span.name).toContain(appearance(span))
        }
      }
      for (const { name: spanName, parent_span_id, attributes } of spans) {
        if (parent_span_id === null || !spanName.startsWith('GET')) continue
        expect(attributes['url.query']).toBeUndefined()
        expect(attributes['url.full'] ?? attributes['url.path']).toMatch(toolUrl)
      }
    }
    expect(compared > 0).toBe(
      ['fanout', 'retry', 'dag', 'react', 'stream', 'handoff', 'loop', 'silent', 'hallucination', 'overflow'].includes(
        name,
      ),
    )
  },
)
