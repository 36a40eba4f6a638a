import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { runScenario } from '../../../test/support/runs.ts'
import { exportingTo, type Pair, startPair } from '../../../test/support/services.ts'
import { answerOf } from '../../../packages/service-kit/test/support/requests.ts'

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

describe('a fan-out of 10,000 at concurrency 500, with a collector that answers in 50 ms', () => {
  it('loses no span of either service, and says so in its answer', async () => {
    collector.behavior = { delayMs: 50 }
    pair = await startPair(exportingTo(collector.url))
    const { agent, tools } = pair
    const { spans, telemetry } = await runScenario(
      agent.url,
      'fanout',
      'fanout=10000&concurrency=500&delay_ms=0&thoughts=0',
    )
    expect(spans.total).toBe(40_005)
    expect(telemetry).toMatchObject({ sampled: true, dropped_during_run: 0, dropped: 0, refused: 0 })
    expect(telemetry.created).toBe(telemetry.exported + telemetry.queued)
    await collector.until(() => collector.spans.size === 40_005)
    for (const { url } of [agent, tools]) {
      await answerOf(url, '/telemetry', ({ body }) => body.queued === 0)
      expect(await answerOf(url, '/telemetry')).toMatchObject({ body: { refused: 0, dropped: 0 } })
    }
    expect(collector.duplicates).toBe(0)
  }, 300_000)
})

describe('SIGTERM with 100,000 spans queued', () => {
  it('loses none, though the collector answers in 50 ms each time', async () => {
    collector.behavior = { status: 503 }
    pair = await startPair({}, { ...exportingTo(collector.url), FLUSH_TIMEOUT_S: '240' })
    const { agent } = pair
    // 1,007 spans each, with next to no work.
    const query = 'rag_chunks=1000&rag_chunk_size_kb=1&ms_per_kb=0&capture_content=false&delay_ms=0&llm_delay_ms=0'
    for (let run = 0; run < 100; run++) await runScenario(agent.url, 'rag', query)
    const { body } = await answerOf(agent.url, '/telemetry', (answer) => Number(answer.body.created) >= 100_700)
    expect(body).toMatchObject({ created: 100_700, exported: 0, queued: 100_700, dropped: 0 })
    collector.behavior = { delayMs: 50 }
    expect(await agent.stop()).toBe(0)
    expect(collector.spans.size).toBe(100_700)
    expect(agent.output.join('\n')).not.toContain('could not be sent')
  }, 300_000)

  it('ends at the deadline where the collector takes none, and says how many were lost', async () => {
    collector.behavior = { instead: 'hang' }
    pair = await startPair({}, { ...exportingTo(collector.url), FLUSH_TIMEOUT_S: '0.5' })
    const { agent } = pair
    await runScenario(agent.url, 'fanout', 'fanout=1000&concurrency=500&delay_ms=0&thoughts=0')
    await answerOf(agent.url, '/telemetry', ({ body }) => body.queued === 3005)
    const exited = once(agent.process, 'exit')
    await agent.stop()
    expect((await exited)[0]).toBe(0)
    expect(agent.output).toContain('agent-app: 3005 spans could not be sent before the end')
  })
})

describe('a run during which spans are dropped', () => {
  it('says so', async () => {
    await collector.down()
    pair = await startPair({}, { ...exportingTo(collector.url), OTEL_BSP_MAX_QUEUE_SIZE: '100' })
    const { telemetry } = await runScenario(pair.agent.url, 'fanout', 'fanout=100&delay_ms=0')
    const { created, queued, dropped, dropped_during_run } = telemetry
    expect(queued).toBe(100)
    expect(dropped).toBe(created - 100)
    expect(dropped_during_run).toBe(dropped)
    await collector.up()
  })
})
