import type { Key } from 'contract/key'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { runScenario } from '../../../test/support/runs.ts'
import { exportingTo, type Service, startService } from '../../../test/support/services.ts'
import { BrokenTools, faults } from '../support/broken-tools.ts'
import { completeTrace } from '../support/faults.ts'

let collector: SimulatedCollector
let tools: BrokenTools
/** One waits long enough for all that talk, the other not for long for those that are silent. */
let patient: Service
let impatient: Service

beforeAll(async () => {
  collector = await SimulatedCollector.start()
  tools = await BrokenTools.start()
  const env = { ...exportingTo(collector.url), TOOL_BASE: tools.url, TOOL_DELAY_MS: '0' }
  patient = await startService('agent-app', { ...env, TOOL_TIMEOUT_MS: '60000' })
  impatient = await startService('agent-app', { ...env, TOOL_TIMEOUT_MS: '200' })
})
afterAll(async () => {
  await patient.stop()
  await impatient.stop()
  await tools.stop()
  await collector.down()
})

/** A short run of each scenario, and whether it reaches its goal though every tool fails. */
const runs: Record<string, { query: string; ok: boolean }> = {
  fanout: { query: 'fanout=6&concurrency=3', ok: false },
  chain: { query: 'depth=3', ok: false },
  retry: { query: 'fanout=4&max_retries=1&error_rate=0', ok: false },
  dag: { query: 'fanout=5', ok: false },
  react: { query: 'max_steps=2&finish_probability=1', ok: true },
  human: { query: 'human_delay_s=0', ok: false },
  rag: { query: 'rag_chunks=2', ok: false },
  overflow: { query: 'steps=2', ok: true },
  loop: { query: 'steps=1&repeats=1', ok: true },
  stream: { query: 'duration_s=0.1&background_fanout=3&ttft_ms=0', ok: true },
  handoff: { query: 'hops=2&human_delay_s=0', ok: false },
  cascade: { query: 'calls=4&load=10&trigger=none', ok: false },
  silent: { query: 'lookups=2', ok: false },
  hallucination: { query: 'lookups=2&hallucinations=0', ok: false },
}

describe.each(Object.entries(faults))('a tool that answers %s', (_name, { answer, errorType }) => {
  it.each(Object.entries(runs))(
    'leaves %s with a clear result and a complete trace',
    async (scenario, { query, ok }) => {
      tools.answer = answer
      const agent = errorType === 'timeout' ? impatient : patient
      const result = await runScenario(agent.url, scenario, query)
      const { tool_calls, tool_errors } = result.summary
      expect(result.ok).toBe(ok)
      const { unplanned } = result.key as Key
      expect(tool_calls).toBeGreaterThan(0)
      expect(tool_errors).toBe(tool_calls)
      const { steps } = await completeTrace(agent.url, collector, result.trace_id)
      const attempts = steps.filter(({ facts }) => facts.operation === 'http_client')
      expect(new Set(attempts.map(({ error_type }) => error_type))).toEqual(new Set([errorType]))
      expect(unplanned).toMatchObject({ count: attempts.length, error_types: { [errorType]: attempts.length } })
    },
  )
})

it('a tool that asks for an hour of patience gets what the run allows, and the trace tells both', async () => {
  tools.answer = (socket) =>
    socket.write('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n')
  const query = 'fanout=1&max_retries=1&backoff_ms=0&retry_after_max_ms=20'
  const result = await runScenario(patient.url, 'retry', query)
  const { spans } = await completeTrace(patient.url, collector, result.trace_id)
  const [retry] = spans.flatMap(({ events }) => events).filter(({ name }) => name === 'retry')
  expect(retry?.attributes).toEqual({
    'ati.retry.attempt': 1,
    'ati.retry.delay_ms': 20,
    'ati.retry.asked_ms': 3_600_000,
  })
})
