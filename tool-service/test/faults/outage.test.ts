import { describe, expect, it } from 'vitest'
import { type Behavior, SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { exportingTo, type Service, startService } from '../../../test/support/services.ts'

/** Calls `calls` tools, each of which leaves one span, `aSecond` of them every second. */
async function load(service: Service, calls: number, aSecond: number): Promise<void> {
  const intervalMs = 50
  const eachTime = (aSecond * intervalMs) / 1000
  const pending: Promise<unknown>[] = []
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      for (let index = 0; index < eachTime; index++) {
        pending.push(fetch(`${service.url}/tool/search?delay_ms=0`).then((response) => response.text()))
      }
      if (pending.length < calls) return
      clearInterval(timer)
      resolve()
    }, intervalMs)
  })
  await Promise.all(pending)
}

const countersOf = async (service: Service) => (await fetch(`${service.url}/telemetry`)).json()

interface Outage {
  name: string
  begin: (collector: SimulatedCollector) => unknown
  end: (collector: SimulatedCollector) => unknown
  /** What the log says of it. */
  told: RegExp
}

const answering = (name: string, behavior: Behavior, told: RegExp): Outage => ({
  name,
  begin: (collector) => (collector.behavior = behavior),
  end: (collector) => (collector.behavior = {}),
  told,
})

const outages: Outage[] = [
  {
    name: 'refuses connections',
    begin: (collector) => collector.down(),
    end: (collector) => collector.up(),
    told: /ECONNREFUSED|ECONNRESET|socket hang up/,
  },
  answering('answers 503', { status: 503 }, /503 Service Unavailable/),
  answering(
    'answers 429 and asks for 8 s',
    { status: 429, headers: { 'Retry-After': '8' } },
    /429 Too Many Requests, asks to wait 8 s/,
  ),
  answering('never answers', { instead: 'hang' }, /no answer in 10000 ms/),
]

describe('a collector', () => {
  it.concurrent.each(outages)(
    'that $name for 20 s at 200 spans/s costs no span, and two lines of log',
    async ({ begin, end, told }) => {
      const collector = await SimulatedCollector.start()
      const service = await startService('tool-service', exportingTo(collector.url))
      try {
        await load(service, 200, 200)
        await collector.until(() => collector.spans.size === 200)
        await begin(collector)
        await load(service, 4000, 200)
        expect(await countersOf(service)).toMatchObject({ created: 4200, exported: 200, queued: 4000, dropped: 0 })
        await end(collector)
        await collector.until(() => collector.spans.size === 4200)
        await service.stop()
        const lines = service.output.filter((line) => line.startsWith('telemetry:'))
        expect(lines).toEqual([expect.stringMatching(told), expect.stringMatching(/takes spans again$/)])
      } finally {
        await service.stop()
        await collector.down()
      }
    },
  )

  it('that is away for longer than the queue is loses exactly what is over it, and that is counted', async () => {
    const collector = await SimulatedCollector.start()
    const service = await startService('tool-service', {
      ...exportingTo(collector.url),
      OTEL_BSP_MAX_QUEUE_SIZE: '1000',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100',
    })
    try {
      collector.behavior = { status: 503 }
      await load(service, 1500, 1000)
      expect(await countersOf(service)).toMatchObject({
        created: 1500,
        exported: 0,
        queued: 1000,
        refused: 0,
        dropped: 500,
      })
      collector.behavior = {}
      await collector.until(() => collector.spans.size === 1000)
      await service.stop()
      expect(collector.spans.size).toBe(1000)
      expect(service.output.filter((line) => line.startsWith('telemetry:'))).toEqual([
        expect.stringContaining('takes no spans (503'),
        expect.stringContaining('spans are being lost'),
        expect.stringContaining('takes spans again; 500 were lost meanwhile'),
      ])
    } finally {
      await service.stop()
      await collector.down()
    }
  })
})
