import { fc } from '../../../test/support/properties.ts'
import type { ObservedOf } from 'findings/kinds'
import { compareWithKey } from 'findings/planted'
import { expect, test } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { keyOf } from '../src/key/key.ts'

type Query = Record<string, string | number>

async function play(query: Query) {
  const { run, result } = await simulate('cascade', query)
  const observed = result.finding.observed as ObservedOf<'overload'>
  const key = await keyOf(run)
  return { ok: result.ok, text: result.finding.text, observed, key, compared: compareWithKey(key, observed.span_ids) }
}

const query = fc
  .record({
    seed: fc.stringMatching(/^[a-h]{1,4}$/),
    trigger: fc.constantFrom('capacity_loss', 'surge', 'slow_service', 'none'),
    agents: fc.integer({ min: 1, max: 6 }),
    calls: fc.constantFrom(1, 4, 10, 24, 60),
    capacity: fc.constantFrom(1, 2, 4, 8),
    lost: fc.nat({ max: 7 }),
    queue: fc.constantFrom(0, 1, 6, 20, 60),
    load: fc.constantFrom(0.1, 0.3, 0.6, 0.9, 1.5, 5),
    max_retries: fc.constantFrom(0, 1, 3, 6),
    backoff_ms: fc.constantFrom(0, 20, 60, 600),
    delay_ms: fc.constantFrom(0, 5, 20, 100, 1000),
    jitter: fc.constantFrom(0, 0.2, 1),
    error_rate: fc.constantFrom(0, 0, 0, 0.1, 0.5, 1),
    lookalike: fc.constantFrom('none', 'none', 'retries', 'slow_tool', 'quota'),
    faults: fc.constantFrom('own', 'own', 'own', 'off'),
  })
  .map(({ lost, ...given }) => ({ ...given, capacity_left: Math.max(1, given.capacity - lost) }))

test('key and finding agree whatever is asked: what has to be named can be, and who is not in it is not wrong', async () => {
  await fc.assert(
    fc.asyncProperty(query, async (query) => {
      const { ok, text, observed, key, compared } = await play(query)
      for (const { standing, accepted } of key.faults)
        if (standing === 'required') expect(accepted.flat()).not.toEqual([])
      expect(compared, text).toMatchObject({ agrees: true })
      expect(key.decoys.filter((id) => observed.span_ids.includes(id))).toEqual([])
      expect(ok || key.verdict === 'faulty' || key.unplanned.count > 0).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test.each<Query>([{ trigger: 'slow_service', load: 0.3 }, { trigger: 'capacity_loss', load: 0.3 }, { calls: 10 }])(
  'a tool that has room for all, or a short queue, was not overloaded, whatever it cost: %o',
  async (query) => {
    for (const seed of ['a', 'b', 'c']) {
      const { observed, key } = await play({ seed, ...query })
      expect(observed).toMatchObject({ tool: null, trigger: null, span_ids: [] })
      expect(key).toMatchObject({ verdict: 'healthy', faults: [{ standing: 'neutral' }] })
    }
  },
)

test.each<Query & { trigger: string }>([
  { trigger: 'capacity_loss', queue: 50 },
  { trigger: 'slow_service', queue: 30 },
  { trigger: 'surge', queue: 60 },
])('a queue that is long enough for all is an overload, though nobody is refused: %o', async (query) => {
  for (const seed of ['a', 'b', 'c']) {
    const { observed, key, compared } = await play({ seed, ...query })
    expect(observed).toMatchObject({ tool: 'search', trigger: { kind: query.trigger }, refused: 0 })
    expect(key).toMatchObject({ verdict: 'faulty', faults: [{ kind: query.trigger, standing: 'required' }] })
    expect(key.faults[0]?.magnitude?.value).toBeGreaterThan(0)
    expect(compared).toMatchObject({ hits: 1, agrees: true })
  }
})

test('calls that are lost because more comes than a tool can ever do are unplanned, and naming them is not wrong', async () => {
  const { ok, observed, key, compared } = await play({ seed: 'a', trigger: 'none', load: 5, max_retries: 1 })
  expect(ok).toBe(false)
  expect(observed.tool).toBe('search')
  expect(key).toMatchObject({
    verdict: 'healthy',
    faults: [],
    unplanned: { error_types: { 429: key.unplanned.count } },
  })
  expect(key.unplanned.count).toBeGreaterThanOrEqual(observed.gave_up)
  expect(compared).toMatchObject({ agrees: true })
})

test('attempts that only look as if they failed are no decoys in a run that was asked for failures', async () => {
  const asked = await play({ seed: 'a', trigger: 'none', lookalike: 'retries', error_rate: 0.1 })
  expect(asked.key.decoys).toEqual([])
  expect(asked.compared).toMatchObject({ agrees: true })
  const notAsked = await play({ seed: 'a', trigger: 'none', lookalike: 'retries' })
  expect(notAsked.key.decoys).not.toEqual([])
})
