import { fc } from '../../../test/support/properties.ts'
import { compareWithKey } from 'findings/planted'
import type { ObservedOf } from 'findings/kinds'
import { describe, expect, it, test } from 'vitest'
import { demandOf, simulate } from '../../../test/support/simulated.ts'
import { keyOf } from '../src/key/key.ts'
import { mostAttempts } from '../src/levels/crowd-run.ts'
import { type Arrival, type Crowd, latencyOf, playCrowd, type Trigger } from '../src/levels/crowd.ts'

type Query = Record<string, string | number>

async function play(query: Query) {
  const { run, result } = await simulate('cascade', query)
  const observed = result.finding.observed as ObservedOf<'overload'>
  return { run, result, observed, key: await keyOf(run) }
}

const seeds = ['a', 'b', 'c', 'd', 'e', 'f']
const nothing = new Set<string>()

describe.each(['capacity_loss', 'surge', 'slow_service'] as const)('%s', (trigger) => {
  it('is found and named as the key has it, whatever the seed, and nothing is where it is taken out', async () => {
    for (const seed of seeds) {
      const { observed, key } = await play({ seed, trigger })
      expect(key).toMatchObject({ verdict: 'faulty', faults: [{ kind: trigger, standing: 'required' }] })
      expect(compareWithKey(key, observed.span_ids)).toMatchObject({ agrees: true })
      expect(observed.trigger?.kind).toBe(trigger)
      if (trigger === 'surge') expect(observed.trigger?.agent_id).toBe(key.faults[0]?.entity.agent)
      for (const without of [{ trigger: 'none' }, { trigger, faults: 'off' }] as Query[]) {
        const healthy = await play({ seed, ...without })
        expect(healthy.key).toMatchObject({ verdict: 'healthy', faults: [], neutral: [], decoys: [] })
        expect(healthy.observed).toMatchObject({ span_ids: [], tool: null, refused: 0, amplification: 1 })
        expect(healthy.result.ok).toBe(true)
      }
    }
  })

  it('is over some time: what was refused is answered again, long before the run ends', async () => {
    for (const seed of seeds) {
      const { run, observed } = await play({ seed, trigger, calls: 120 })
      const [begin, end] = [run.ledger.steps[0]?.start_ms ?? 0, observed.recovered_ms ?? Infinity]
      const later = run.ledger.steps.filter(
        ({ facts, start_ms }) => facts.operation === 'http_client' && start_ms > begin + end,
      )
      expect(later.length).toBeGreaterThan(10)
      expect(later.filter(({ status }) => status === 'error')).toEqual([])
    }
  })
})

test('retries feed on themselves: half of the capacity gone, there are more attempts than independent failures would make', async () => {
  for (const seed of seeds.slice(0, 3)) {
    // The same plan of calls in every run: they come at nine tenths of what the tool can do.
    const plan = { seed, calls: 200, load: 0.9, capacity: 4, capacity_left: 2 }
    const { observed: once } = await play({ ...plan, max_retries: 0 })
    const { observed: often } = await play({ ...plan, max_retries: 3 })
    // If each attempt failed by itself as often as calls do that nobody repeats, a call would take 1 + p + p² + p³ attempts:
    // the mean of a geometric distribution cut after the fourth, https://en.wikipedia.org/wiki/Geometric_distribution
    const p = once.refused / once.attempts
    const independent = (1 - p ** 4) / (1 - p)
    expect(p).toBeGreaterThan(0.05)
    expect(often.amplification).toBeGreaterThan(1.15 * independent)
    const { observed: whole } = await play({ ...plan, capacity_left: 4 })
    expect(whole).toMatchObject({ refused: 0, amplification: 1 })
  }
})

test('somebody has the tool where others are refused, though nobody was served meanwhile', async () => {
  const { run, key } = await play({ calls: 24, max_retries: 2, jitter: 1, llm_delay_ms: 0, seed: 'ipwu' })
  expect(run.ok).toBe(false)
  expect(key).toMatchObject({ verdict: 'faulty', faults: [{ kind: 'capacity_loss', standing: 'required' }] })
  expect(key.faults[0]?.accepted[0]).not.toEqual([])
})

test('attempts that fail by themselves are no overload, however many are sent again', async () => {
  const { observed, key } = await play({ seed: 'a', trigger: 'none', error_rate: 0.3 })
  expect(observed.amplification).toBeGreaterThan(1.2)
  expect(observed).toMatchObject({ tool: null, trigger: null, window: null })
  expect(observed.failed_attempts).toBeGreaterThan(10)
  expect(observed.span_ids).toHaveLength(observed.failed_attempts + observed.gave_up)
  expect(compareWithKey(key, observed.span_ids)).toMatchObject({ agrees: true })
})

test('attempts that fail by themselves beside an overload are named as well: who came again cost time, though he was answered', async () => {
  // Of these seeds the key has such a fault, that cost more than a little.
  for (const seed of ['s4', 's10', 's40']) {
    const { observed, key } = await play({ seed, error_rate: 0.05 })
    expect(key.faults.map(({ id, standing }) => [id, standing])).toEqual([
      ['capacity_loss', 'required'],
      ['faulty_tool/search', 'required'],
    ])
    expect(compareWithKey(key, observed.span_ids)).toMatchObject({ agrees: true })
  }
})

test('more capacity left than there was is refused', async () => {
  await expect(simulate('cascade', { capacity: 2, capacity_left: 3 })).rejects.toThrow(/at most capacity, which is 2/)
})

test('more than can be simulated at a stretch is refused, and what it takes is said', async () => {
  const most = { calls: 2000, load: 0.01, trigger: 'surge', max_retries: 10 }
  await expect(simulate('cascade', most)).rejects.toThrow(
    /"calls","value":"2000".*at most 42: with a surge at a load of 0.01 and 10 retries/,
  )
  expect(demandOf('cascade', { ...most, calls: 42 }).calls).toBeLessThanOrEqual(mostAttempts)
  expect(demandOf('cascade', { calls: 2000, max_retries: 10 }).calls).toBe(22_000)
})

const arrival = fc.record({
  atMs: fc.integer({ min: 0, max: 400 }),
  serviceMs: fc.integer({ min: 1, max: 120 }),
  retries: fc.nat({ max: 3 }),
  failing: fc.nat({ max: 15 }),
  isSurge: fc.boolean(),
})
const crowd = fc
  .record({
    arrivals: fc.array(arrival, { minLength: 1, maxLength: 40 }),
    capacity: fc.integer({ min: 1, max: 4 }),
    queue: fc.nat({ max: 4 }),
  })
  .map(({ arrivals, capacity, queue }): Crowd => {
    const calls = arrivals.map(({ atMs, serviceMs, retries, failing, isSurge }, index): Arrival => ({
      key: `worker/0/call/${index}`,
      tool: 'search',
      atMs,
      serviceMs,
      waitsMs: Array.from({ length: retries }, (_, each) => 10 * 2 ** each),
      fails: (attempt) => (failing & (1 << attempt)) > 0,
      failsInMs: 3,
      ...(isSurge && { onlyWith: 'surge' }),
    }))
    const triggers: Trigger[] = [
      { id: 'surge', tool: 'search', fromMs: 0, toMs: 400, agent: 0 },
      { id: 'capacity', tool: 'search', fromMs: 100, toMs: 250, capacity: 1 },
      { id: 'slow', tool: 'search', fromMs: 150, toMs: 300, factor: 3 },
    ]
    return { capacities: new Map([['search', capacity]]), queue, arrivals: calls, triggers }
  })
const out = fc.subarray(['surge', 'capacity', 'slow']).map((ids) => new Set(ids))

test('a crowd: no call is lost sight of, none is served beyond the capacity, and none that was out comes', () => {
  fc.assert(
    fc.property(crowd, out, (crowd, out) => {
      const played = playCrowd(crowd, out)
      expect(playCrowd(crowd, out)).toEqual(played)
      const capacity = crowd.capacities.get('search') ?? 0
      const served = played.flat().filter(({ status }) => status === 200)
      const begun = served.map(({ startMs, queuedMs, ms }) => ({
        from: startMs + queuedMs,
        to: startMs + queuedMs + ms,
      }))
      for (const { from } of begun)
        expect(begun.filter((other) => other.from <= from && other.to > from).length).toBeLessThanOrEqual(capacity)
      for (const [index, attempts] of played.entries()) {
        const call = crowd.arrivals[index] as Arrival
        if (call.onlyWith !== undefined && out.has(call.onlyWith)) {
          expect(attempts).toEqual([])
          continue
        }
        const last = attempts.at(-1)
        expect(last?.status === 200 || attempts.length === call.waitsMs.length + 1).toBe(true)
        expect(attempts.slice(0, -1).every(({ status }) => status !== 200)).toBe(true)
        expect(latencyOf(attempts)).toBeGreaterThan(0)
        for (const [number, { status, startMs }] of attempts.entries()) {
          expect(status === 503).toBe(call.fails(number))
          const before = attempts[number - 1]
          const due = before
            ? before.startMs + before.queuedMs + before.ms + (call.waitsMs[number - 1] ?? 0)
            : call.atMs
          expect(startMs).toBeCloseTo(due, 6)
        }
      }
    }),
  )
})

test('a crowd with room for all makes nobody wait', () => {
  fc.assert(
    fc.property(crowd, (crowd) => {
      const roomy = { ...crowd, capacities: new Map([['search', 100]]), triggers: [] }
      for (const attempts of playCrowd(roomy, nothing))
        expect(attempts.filter(({ status, queuedMs }) => status === 429 || queuedMs > 0)).toEqual([])
    }),
  )
})
