import { loadMix } from 'engine/mix/named'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SimulatedCollector } from '../../service-kit/test/support/collector.ts'
import { decodeJson } from '../../../trace-inspector/src/otlp/json.ts'
import { Digest } from '../src/digest.ts'
import { planWithin } from '../src/limits.ts'
import { Shard } from '../src/shard.ts'
import { play, receiverAt, startMs, stops } from './support/simulations.ts'

let collector: SimulatedCollector
beforeEach(async () => {
  collector = await SimulatedCollector.start()
})
afterEach(() => collector.down())

const all = { isAllTaken: true, refused: 0, unconfirmed: 0, queued: 0, failure: undefined }

test.each([1, 3])('every span is taken once, by %i workers', async (workers) => {
  const outcome = await play({ receiver: receiverAt(collector.url), workers })
  expect(outcome).toMatchObject({ ...all, exported: outcome.spans, resent: 0, beyond: 0 })
  expect(collector.spans.size).toBe(outcome.spans)
  expect(collector.duplicates).toBe(0)
  expect(new Set([...collector.spans.values()].map(({ service }) => service))).toEqual(
    new Set(['synthetic-agent-app', 'synthetic-tool-service']),
  )
})

test('a receiver that is slow is waited for, and little is kept meanwhile', async () => {
  collector.behavior = { delayMs: 10 }
  let mostQueued = 0
  const receiver = receiverAt(collector.url)
  const outcome = await play({ receiver, progress: ({ queued }) => (mostQueued = Math.max(mostQueued, queued)) })
  expect(outcome).toMatchObject({ ...all, exported: outcome.spans })
  // Four batches, and what one run adds beyond them.
  const largest = Math.max(
    ...Map.groupBy(collector.spans.values(), ({ traceId }) => traceId)
      .values()
      .map((spans) => spans.length),
  )
  expect(mostQueued).toBeLessThanOrEqual(5 * receiver.maxBatchSpans + largest)
  expect(mostQueued).toBeLessThan(outcome.spans / 2)
})

test('what is refused for now is sent again, and counted', async () => {
  collector.script = [{ status: 503 }, { status: 429 }, { instead: 'reset' }]
  const outcome = await play({ receiver: receiverAt(collector.url) })
  expect(outcome).toMatchObject({ ...all, exported: outcome.spans })
  expect(outcome.resent).toBeGreaterThan(0)
  expect(collector.spans.size).toBe(outcome.spans)
})

test('a receiver that is away for a while loses nothing', async () => {
  const told: string[] = []
  const simulated = play({
    receiver: receiverAt(collector.url),
    tell(line) {
      told.push(line)
      if (told.length === 1) void collector.up()
    },
  })
  await collector.until(() => collector.spans.size > 0)
  await collector.down()
  const outcome = await simulated
  expect(outcome).toMatchObject({ ...all, exported: outcome.spans })
  expect(collector.spans.size).toBe(outcome.spans)
  expect(told[0]).toMatch(/takes no spans .*Waiting for it/)
  expect(told.at(-1)).toMatch(/takes spans again/)
})

test('a receiver that takes nothing from the first on ends it, with its reason', async () => {
  collector.behavior = { status: 404 }
  const told: string[] = []
  const outcome = await play({ receiver: receiverAt(collector.url), tell: (line) => told.push(line) })
  expect(outcome).toMatchObject({ isAllTaken: false, exported: 0, nextUnit: 0 })
  expect(told.join()).toMatch(/refuses spans.*404/)
  expect(outcome.failure?.message).toMatch(/takes no spans/)
  // It did not go on through the whole plan.
  expect(collector.requests.length).toBeLessThan(10)
})

test('a receiver that is not there ends it once patience is over', async () => {
  await collector.down()
  const outcome = await play({ receiver: receiverAt(collector.url, 100) })
  expect(outcome).toMatchObject({ isAllTaken: false, exported: 0, nextUnit: 0 })
  expect(outcome.failure?.message).toMatch(/took nothing/)
  await collector.up()
})

test('a stop ends at a unit: all before it was taken, nothing of it, and the rest goes on from there', async () => {
  const whole = await play({ limits: { traces: 200 } })
  const stop = stops()
  const stopped = play({ receiver: receiverAt(collector.url), limits: { traces: 200 }, workers: 2 }, stop.signals)
  await collector.until(() => collector.spans.size > 0)
  stop.soon.abort()
  const first = await stopped
  expect(first).toMatchObject({ ...all, exported: first.spans, beyond: 0 })
  expect(first.traces).toBeLessThan(200)
  expect(collector.spans.size).toBe(first.spans)
  const rest = await play({ fromUnit: first.nextUnit, limits: { traces: 200 - first.traces } })
  const sum = Digest.parse(first.digest as string)
  sum.addAll(Digest.parse(rest.digest as string))
  expect(sum.toString()).toBe(whole.digest)
})

test.each([1, 2])(
  'a stop that waits for nobody says through which unit all was taken, by %i workers',
  async (workers) => {
    const stop = stops()
    const receiver = receiverAt(collector.url)
    const stopped = play({ receiver, limits: { traces: 200 }, workers }, stop.signals)
    await collector.until(() => collector.spans.size >= 1000)
    collector.behavior = { status: 503 }
    await collector.until(() => collector.requests.filter(({ behavior }) => behavior.status === 503).length >= 2)
    stop.soon.abort()
    stop.now.abort()
    const outcome = await stopped
    expect(outcome.isAllTaken).toBe(false)
    expect(outcome.exported).toBe(collector.spans.size)
    const before = await spansBefore(outcome.nextUnit)
    const missing = before.filter((id) => !collector.spans.has(id))
    expect(missing).toEqual([])
    expect(before.length + outcome.beyond).toBe(outcome.exported)
    const next = await spansBefore(outcome.nextUnit + 1)
    expect(next.some((id) => !collector.spans.has(id))).toBe(true)
  },
)

/** Ids of the spans of all units before one. */
async function spansBefore(unit: number): Promise<string[]> {
  const ids: string[] = []
  const units = planWithin(loadMix('default'), '7', 0, {})
  const wanted = Array.from({ length: unit }, () => units.next().value).filter((planned) => planned !== undefined)
  const shard = new Shard(
    { startMs, files: ['out'], digest: false },
    {
      async write(_, bytes) {
        for (const line of Buffer.from(bytes).toString().trimEnd().split('\n'))
          ids.push(...decodeJson(Buffer.from(line)).spans.map(({ spanId }) => spanId))
      },
      tell() {},
    },
  )
  await shard.play(wanted)
  await shard.end()
  return ids
}
