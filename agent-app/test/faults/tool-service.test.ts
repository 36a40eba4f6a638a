import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { runScenario } from '../../../test/support/runs.ts'
import { exportingTo, type Pair, startPair, startService } from '../../../test/support/services.ts'
import { startDeafListener } from '../support/deaf.ts'
import { answerOf, inFlight } from '../../../packages/service-kit/test/support/requests.ts'
import { completeTrace } from '../support/faults.ts'

let collector: SimulatedCollector
let pair: Pair | undefined
beforeEach(async () => {
  collector = await SimulatedCollector.start()
})
afterEach(async () => {
  await pair?.stop()
  pair = undefined
  await collector.down()
})

const start = async (env: Record<string, string> = {}) => (pair = await startPair(exportingTo(collector.url), env))

describe('tool-service', () => {
  it('that is killed in mid-run ends the run with a 502, and the next finds it when it is back', async () => {
    const { agent, tools } = await start()
    const run = answerOf(agent.url, '/run?scenario=fanout&fanout=40&concurrency=4&delay_ms=1000&stragglers=0')
    await answerOf(tools.url, '/health', ({ body }) => body.in_flight === 4)
    await tools.stop('SIGKILL')
    const { status, headers, body } = await run
    expect({ status, type: headers['content-type'] }).toEqual({
      status: 502,
      type: 'application/problem+json; charset=utf-8',
    })
    expect(body).toMatchObject({ title: 'Tool-service unreachable', trace_id: headers['x-trace-id'] })
    const { steps } = await completeTrace(agent.url, collector, body.trace_id as string)
    const attempts = steps.filter(({ facts }) => facts.operation === 'http_client')
    // Four connections broke; whoever first finds nobody to connect to ends the run, and with it what has not yet heard.
    const ends = new Set(attempts.map(({ error_type }) => error_type))
    expect(ends.difference(new Set(['cancelled']))).toEqual(new Set(['connection_reset', 'tool_service_unreachable']))
    expect(await answerOf(agent.url, '/ready')).toMatchObject({ status: 503 })

    const back = await startService('tool-service', { ...exportingTo(collector.url), PORT: new URL(tools.url).port })
    await answerOf(agent.url, '/ready', (answer) => answer.status === 200)
    const { ok, trace_id, spans } = await runScenario(agent.url, 'fanout', 'fanout=10')
    expect(ok).toBe(true)
    const received = () => [...collector.spans.values()].filter(({ traceId }) => traceId === trace_id)
    await collector.until(() => received().length === spans.total)
    await back.stop()
  })

  it('that falls silent in mid-run fails the calls at their time-out, and plays none of them on', async () => {
    const { agent, tools } = await start({ TOOL_TIMEOUT_MS: '300' })
    tools.process.kill('SIGSTOP')
    const { ok, trace_id, summary } = await runScenario(agent.url, 'fanout', 'fanout=6&concurrency=3&delay_ms=0')
    expect(ok).toBe(false)
    expect(summary).toMatchObject({ tool_calls: 6, tool_errors: 6 })
    tools.process.kill('SIGCONT')
    await inFlight(tools.url, 0)
    const { steps } = await completeTrace(agent.url, collector, trace_id)
    const attempts = steps.filter(({ facts }) => facts.operation === 'http_client')
    expect(attempts.map(({ error_type }) => error_type)).toEqual(Array(6).fill('timeout'))
  })

  it('that cannot even be connected to ends the run with a 502 at the time-out', async () => {
    const deaf = await startDeafListener()
    const agent = await startService('agent-app', {
      ...exportingTo(collector.url),
      TOOL_BASE: deaf.url,
      TOOL_TIMEOUT_MS: '300',
    })
    const { status, body } = await answerOf(agent.url, '/run?fanout=6&delay_ms=0')
    expect({ status, body }).toMatchObject({ status: 502, body: { title: 'Tool-service unreachable' } })
    const { steps } = await completeTrace(agent.url, collector, body.trace_id as string)
    expect(steps.find(({ facts }) => facts.operation === 'http_client')?.error_type).toBe('tool_service_unreachable')
    await agent.stop()
    deaf.end()
  })
})
