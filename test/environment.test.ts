import { afterEach, describe, expect, it } from 'vitest'
import type { RunLedger } from 'contract/ledger'
import { decisionsOf } from 'engine/decisions'
import { scenarios } from 'engine/scenarios/index'
import { startReceiver } from './support/receiver.ts'
import { ledgerOf, runScenario } from './support/runs.ts'
import { exportingTo, startPair, startService } from './support/services.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

describe('a bad environment', () => {
  it.each(['agent-app', 'tool-service'] as const)(
    '%s does not start, and lists every bad variable at once',
    async (name) => {
      const error = await startService(name, {
        PORT: '99999',
        TOOL_DELAY_MS: 'abc',
        TOOL_ERROR_RATE: '1.5',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'smoke',
      }).catch(String)
      expect(error).toContain('ended with exit code 1')
      expect(error).toContain('PORT=99999: expected a whole number from 0 to 65535')
      expect(error).toContain('TOOL_DELAY_MS=abc: expected a number from 0 to 600000')
      expect(error).toContain('TOOL_ERROR_RATE=1.5: expected a number from 0 to 1')
      expect(error).toContain('OTEL_EXPORTER_OTLP_PROTOCOL=smoke: expected one of http/json, http/protobuf, grpc')
      expect(error).not.toContain('    at ')
    },
  )

  it('a port that is taken is told in one line', async () => {
    const first = await startService('tool-service')
    cleanups.push(first.stop)
    const error = await startService('tool-service', { PORT: new URL(first.url).port }).catch(String)
    expect(error).toContain('ended with exit code 1')
    expect(error).toContain('is in use')
    expect(error).not.toContain('    at ')
  })

  it('an empty variable counts as unset', async () => {
    const tools = await startService('tool-service', {
      TOOL_DELAY_MS: '',
      OTEL_EXPORTER_OTLP_PROTOCOL: '',
      OTEL_EXPORTER_OTLP_ENDPOINT: '',
      SERVICE_NAME: '',
    })
    cleanups.push(tools.stop)
    expect(await (await fetch(`${tools.url}/tool/search?delay_ms=`)).json()).toMatchObject({
      delay_ms: 80,
      service: 'synthetic-tool-service',
    })
  })
})

it('TOOL_DELAY_MS and TOOL_ERROR_RATE are the defaults of every scenario that has none of its own', async () => {
  const pair = await startPair({ TOOL_DELAY_MS: '7', TOOL_ERROR_RATE: '0.5' })
  cleanups.push(pair.stop)
  const { scenarios: listed } = (await (await fetch(`${pair.agent.url}/scenarios`)).json()) as {
    scenarios: { name: string; defaults: Record<string, number> }[]
  }
  for (const { name, defaults } of listed) {
    expect(defaults.error_rate).toBe(name === 'retry' ? 0.1 : 0.5)
    expect(defaults.delay_ms).toBe(name === 'stream' ? undefined : 7)
  }
  const direct = await (await fetch(`${pair.tools.url}/tool/search?error_rate=0`)).json()
  expect(direct).toMatchObject({ delay_ms: 7 })
})

const quick: Record<string, string> = {
  fanout: 'fanout=10&delay_ms=2&error_rate=0.3',
  chain: 'depth=5&delay_ms=2',
  retry: 'fanout=10&delay_ms=2&error_rate=0.4&backoff_ms=1',
  dag: 'fanout=10&delay_ms=2',
  react: 'delay_ms=2',
  human: 'human_delay_s=0&delay_ms=2',
  overflow: 'delay_ms=2',
  loop: 'delay_ms=2',
  rag: 'delay_ms=2&ms_per_kb=0',
  stream: 'duration_s=0.2&background_fanout=5&tool_delay_ms=5',
  handoff: 'hops=2&severed=1&human_delay_s=0&delay_ms=2',
  cascade: 'calls=10&delay_ms=2&error_rate=0.3',
  silent: 'delay_ms=2',
  hallucination: 'delay_ms=2',
}

describe('the ledger does not ask the SDK what happened', () => {
  it('it is the same with the SDK off, with a sampler that drops, and with neither', async () => {
    const receiver = await startReceiver()
    cleanups.push(receiver.close)
    const environments = {
      on: exportingTo(receiver.url),
      off: { ...exportingTo(receiver.url), OTEL_SDK_DISABLED: 'true' },
      dropping: { ...exportingTo(receiver.url), OTEL_TRACES_SAMPLER: 'always_off' },
    }
    const ledgers: Record<string, RunLedger[]> = {}
    const traced = new Set<string>()
    for (const [name, environment] of Object.entries(environments)) {
      const pair = await startPair(environment)
      cleanups.push(pair.stop)
      ledgers[name] = []
      for (const scenario of scenarios) {
        const result = await runScenario(pair.agent.url, scenario.name, `${quick[scenario.name]}&seed=same`)
        expect(result.telemetry.sampled).toBe(name === 'on')
        expect(result.trace_id).toMatch(/^[0-9a-f]{32}$/)
        ledgers[name].push(await ledgerOf(pair.agent.url, result.trace_id))
      }
      if (name !== 'on') continue
      // A hand-over has runs in traces of their own.
      const { runs } = (await (await fetch(`${pair.agent.url}/runs`)).json()) as { runs: { trace_id: string }[] }
      for (const { trace_id } of runs) traced.add(trace_id)
    }
    const decisions = (name: string) => ledgers[name]?.map(({ steps }) => decisionsOf(steps))
    expect(decisions('off')).toEqual(decisions('on'))
    expect(decisions('dropping')).toEqual(decisions('on'))
    for (const { steps, sampled } of [...(ledgers.off ?? []), ...(ledgers.dropping ?? [])]) {
      expect(sampled).toBe(false)
      const ids = steps.map(({ span_id }) => span_id).filter((id) => id !== null)
      expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id) && !/^0+$/.test(id))).toBe(true)
      expect(new Set(ids).size).toBe(ids.length)
    }
    expect(receiver.spans.filter(({ trace_id }) => !traced.has(trace_id))).toEqual([])
  })
})
