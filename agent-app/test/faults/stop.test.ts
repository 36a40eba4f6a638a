import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { runScenario } from '../../../test/support/runs.ts'
import { exportingTo, type Pair, startPair } from '../../../test/support/services.ts'
import { answerOf, inFlight } from '../../../packages/service-kit/test/support/requests.ts'
import { orphansOf } from '../support/faults.ts'

let collector: SimulatedCollector
let pair: Pair

beforeEach(async () => {
  collector = await SimulatedCollector.start()
})
afterEach(async () => {
  await pair.stop()
  await collector.down()
})

const start = async (env: Record<string, string> = {}) =>
  (pair = await startPair({ ...exportingTo(collector.url), ...env }))

describe.each(['SIGTERM', 'SIGINT'] as const)('agent-app that is asked to stop by %s', (signal) => {
  it('admits no more, lets the run end, sends all spans and exits 0', async () => {
    const { agent, tools } = await start({ DRAIN_TIMEOUT_S: '200' })
    // Long enough for all that is asked while it goes on, on a machine that is busy too.
    const run = runScenario(agent.url, 'fanout', 'fanout=5&concurrency=5&delay_ms=8000&stragglers=0')
    await inFlight(agent.url, 1)
    const stopped = agent.stop(signal)
    const refused = await answerOf(agent.url, '/run', ({ status }) => status === 503)
    expect(refused.headers['retry-after']).toBe('5')
    expect(refused.headers.connection).toBe('close')
    expect(refused.body).toMatchObject({ title: 'Stopping', status: 503 })
    expect(await answerOf(agent.url, '/ready')).toMatchObject({ status: 503 })
    expect(await answerOf(agent.url, '/health')).toMatchObject({ status: 200, body: { in_flight: 1 } })
    const { ok, trace_id, spans } = await run
    expect(ok).toBe(true)
    expect(await stopped).toBe(0)
    expect(await tools.stop(signal)).toBe(0)
    const received = [...collector.spans.values()].filter(({ traceId }) => traceId === trace_id)
    expect(received).toHaveLength(spans.total)
    expect(received.filter(({ status }) => status === 'error')).toEqual([])
  })
})

describe('agent-app that is asked to stop', () => {
  it('aborts what has not ended in time, says so, and sends the spans of it, marked', async () => {
    const { agent, tools } = await start({ DRAIN_TIMEOUT_S: '0.2' })
    const run = answerOf(agent.url, '/run?scenario=human&human_delay_s=3600')
    await inFlight(agent.url, 1)
    await collector.until(() => [...collector.spans.values()].some(({ name }) => name.startsWith('execute_tool')))
    expect(await agent.stop()).toBe(0)
    const { status, headers, body } = await run
    expect({ status, body }).toMatchObject({
      status: 503,
      body: { title: 'Stopping', trace_id: headers['x-trace-id'] },
    })
    await tools.stop()
    const spans = [...collector.spans.values()].filter(({ traceId }) => traceId === body.trace_id)
    expect(orphansOf(spans)).toEqual([])
    const errors = spans
      .filter((span) => span.status === 'error')
      .map(({ name, attributes }) => [name, attributes['error.type']])
    expect(Object.fromEntries(errors)).toEqual({
      human_feedback: 'cancelled',
      'invoke_agent planner': 'cancelled',
      'invoke_workflow human': 'cancelled',
      'GET /run': '503',
    })
  })

  it('exits at once when it is asked again', async () => {
    const { agent } = await start({ DRAIN_TIMEOUT_S: '3600' })
    const run = answerOf(agent.url, '/run?scenario=human&human_delay_s=3600').catch(() => 'broken off')
    await inFlight(agent.url, 1)
    const exited = once(agent.process, 'exit')
    // A signal that follows the first immediately is the same one, handed on by npm.
    const asking = setInterval(() => agent.process.kill('SIGTERM'), 100)
    expect((await exited)[0]).toBe(1)
    clearInterval(asking)
    expect(await run).toBe('broken off')
  })

  it('is not held up by connections on which nothing happens', async () => {
    const { agent } = await start({ DRAIN_TIMEOUT_S: '0' })
    const { hostname, port } = new URL(agent.url)
    const half = connect(Number(port), hostname, () => half.write('GET /health HTTP/1.1\r\nHost: a'))
    const keepAlive = new Agent({ keepAlive: true })
    const [response] = (await once(get(`${agent.url}/health`, { agent: keepAlive }), 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    half.on('error', () => {})
    expect(await agent.stop()).toBe(0)
    keepAlive.destroy()
    half.destroy()
  })

  it('lets a slow reader have the answer that it is reading', async () => {
    const { agent } = await start({ DRAIN_TIMEOUT_S: '200' })
    const { trace_id } = await runScenario(agent.url, 'fanout', 'fanout=5000&concurrency=500&delay_ms=0&thoughts=0')
    const [response] = (await once(get(`${agent.url}/runs/${trace_id}`), 'response')) as [IncomingMessage]
    const stopped = agent.stop()
    await answerOf(agent.url, '/ready', ({ status }) => status === 503)
    const ledger = JSON.parse((await response.toArray()).join('')) as { runs: { steps: unknown[] }[] }
    expect(ledger.runs[0]?.steps.length).toBeGreaterThan(15_000)
    expect(await stopped).toBe(0)
  })
})
