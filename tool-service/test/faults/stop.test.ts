import { execFileSync } from 'node:child_process'
import { get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answerOf, inFlight } from '../../../packages/service-kit/test/support/requests.ts'
import { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { exportingTo, type Service, startService } from '../../../test/support/services.ts'

let collector: SimulatedCollector
let service: Service
beforeEach(async () => {
  collector = await SimulatedCollector.start()
})
afterEach(async () => {
  await service.stop()
  await collector.down()
})

const start = async (env: Record<string, string> = {}) =>
  (service = await startService('tool-service', { ...exportingTo(collector.url), ...env }))

const serverSpans = () =>
  [...collector.spans.values()].map(({ status, attributes }) => [status, attributes['error.type'] ?? null])

describe('tool-service that is asked to stop', () => {
  it('lets calls end, sends their spans and exits 0', async () => {
    const { url } = await start({ DRAIN_TIMEOUT_S: '200' })
    const calls = Array.from({ length: 5 }, () => answerOf(url, '/tool/search?delay_ms=5000'))
    await inFlight(url, 5)
    expect(await service.stop()).toBe(0)
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(serverSpans()).toEqual(Array(5).fill(['unset', null]))
  })

  it('aborts calls that have not ended in time, says so, and sends their spans, marked', async () => {
    const { url } = await start({ DRAIN_TIMEOUT_S: '0.1' })
    const call = answerOf(url, '/tool/search?delay_ms=3600000')
    await inFlight(url, 1)
    expect(await service.stop('SIGINT')).toBe(0)
    expect(await call).toMatchObject({ status: 503, body: { title: 'Stopping' } })
    expect(serverSpans()).toEqual([['error', '503']])
  })
})

describe('tool-service', () => {
  it('keeps its memory while many large answers are not read, and forgets them when their readers leave', async () => {
    const { url, process } = await start()
    const mebibytes = () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(process.pid)])) / 1024
    const before = mebibytes()
    const requests = Array.from({ length: 40 }, () => get(`${url}/tool/search?delay_ms=0&payload_size_kb=65536`))
    const responses = await Promise.all(
      requests.map(async (request) => {
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        return response.on('error', () => {})
      }),
    )
    await inFlight(url, 40)
    expect(mebibytes() - before).toBeLessThan(500)
    for (const response of responses) response.destroy()
    await inFlight(url, 0)
    await collector.until(() => collector.spans.size === 40)
    expect(serverSpans()).toEqual(Array(40).fill(['error', 'cancelled']))
  })
})
