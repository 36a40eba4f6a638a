import { Random } from 'contract/random'
import { describe, expect, test } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { profiles } from '../src/profile/index.ts'
import { toolNames } from '../src/tools.ts'

const draws = 100_000

/** So many draws, in ascending order. */
function drawn(draw: (random: Random, index: number) => number): Float64Array {
  const random = new Random('quantiles')
  return Float64Array.from({ length: draws }, (_, index) => draw(random, index)).sort()
}
const at = (values: Float64Array, share: number) => values[Math.floor(share * draws)] as number
/** What the first call of a conversation is sent beside its prompt. */
const first = { sentTokens: 0, newTokens: 0 }
const within = (value: number, expected: number, tolerance = 0.1) =>
  expect(Math.abs(value / expected - 1), `${value} for ${expected}`).toBeLessThan(tolerance)

describe('measured: the published quantiles', () => {
  const { defaults, toolMs, modelCall, personS } = profiles.measured
  const model = (random: Random) => modelCall(random, defaults.llm_delay_ms as number, 0.1, first)

  test('tools: median 0.3 s, p90 13.6 s; 4 % of calls over a minute, 85 % of the time', () => {
    const ms = drawn((random, index) => {
      const tool = toolNames[index % toolNames.length] as string
      return toolMs(random, tool, defaults.delay_ms as number, 0.1)
    })
    within(at(ms, 0.5), 300)
    within(at(ms, 0.9), 13_600)
    const slow = ms.filter((value) => value > 60_000)
    within(slow.length / draws, 0.04)
    const sum = (values: Float64Array) => values.reduce((all, value) => all + value, 0)
    within(sum(slow) / sum(ms), 0.85)
  })

  test.each([
    ['search', 1.31],
    ['database', 0.6 * 1.31],
    ['calculator', 0.2 * 1.31],
    ['calendar', 0.8 * 1.31],
    ['mail', 1.4 * 1.31],
  ])('%s takes %f times what all tools together take, of the same draw', (tool, factor) => {
    for (let seed = 0; seed < 10; seed++) {
      const of = (name: string) => toolMs(new Random(`draw-${seed}`), name, 300, 0.1)
      expect(of(tool) / of('any other')).toBeCloseTo(factor, 9)
    }
  })

  test('models: median 5.7 s, p90 22 s; output 200 tokens, p99 some thousands', () => {
    const ms = drawn((random) => model(random).delayMs)
    within(at(ms, 0.5), 5700)
    within(at(ms, 0.9), 22_000)
    const tokens = drawn((random) => model(random).outputTokens)
    within(at(tokens, 0.5), 200)
    within(at(tokens, 0.99), 3200)
  })

  test('models: time follows the output, and of the input 96 % was cached', () => {
    const random = new Random('correlation')
    const calls = Array.from({ length: draws }, () => model(random))
    const mean = (of: (call: (typeof calls)[number]) => number) =>
      calls.reduce((sum, call) => sum + of(call), 0) / draws
    const [ms, tokens] = [mean((call) => Math.log(call.delayMs)), mean((call) => Math.log(call.outputTokens))]
    const covariance = mean((call) => (Math.log(call.delayMs) - ms) * (Math.log(call.outputTokens) - tokens))
    const sigma = (of: (call: (typeof calls)[number]) => number, around: number) =>
      Math.sqrt(mean((call) => (Math.log(of(call)) - around) ** 2))
    const correlation = covariance / sigma((call) => call.delayMs, ms) / sigma((call) => call.outputTokens, tokens)
    expect(correlation).toBeGreaterThan(0.8)
    within(mean((call) => call.cachedTokens) / mean((call) => call.inputTokens), 0.96, 0.01)
  })

  test('people: median 1.4 min, p90 20 min, p99 14 h', () => {
    const seconds = drawn((random) => personS(random, undefined))
    within(at(seconds, 0.5), 84)
    within(at(seconds, 0.9), 1200)
    within(at(seconds, 0.99), 50_400)
  })
})

describe('demo: a lognormal of the jitter around the documented medians', () => {
  const { toolMs, modelCall, personS, defaults } = profiles.demo

  test.each([
    { what: 'tools', medianMs: 80, draw: (random: Random) => toolMs(random, 'search', 80, 0.3) },
    { what: 'models', medianMs: 30, draw: (random: Random) => modelCall(random, 30, 0.3, first).delayMs },
  ])('$what', ({ medianMs, draw }) => {
    const ms = drawn(draw)
    within(at(ms, 0.5), medianMs)
    // Of a normal distribution that is cut at two sigma.
    within(at(ms, 0.9), medianMs * Math.exp(0.3 * 1.1958))
    expect(ms.at(-1)).toBeLessThanOrEqual(medianMs * Math.exp(0.6))
  })

  test('nobody waits for longer or shorter than was asked for, without jitter', () => {
    const random = new Random('exact')
    for (const medianMs of [0, 30, 5700]) {
      const call = modelCall(random, medianMs, 0, first)
      expect([call.delayMs, call.outputTokens]).toEqual([medianMs, 70])
    }
    expect(toolMs(random, 'mail', 80, 0)).toBe(80)
    expect(personS(random, defaults.human_delay_s)).toBe(1)
  })

  test('a model call takes as long as its tokens do, after a time to the first', () => {
    const random = new Random('rate')
    const msOfToken = (0.6 * 30) / 70
    for (let call = 0; call < 1000; call++) {
      const { delayMs, outputTokens } = modelCall(random, 30, 0.1, first)
      const firstMs = delayMs - outputTokens * msOfToken
      // A lognormal of half the jitter, cut at two sigma; tokens are whole.
      expect(Math.abs(Math.log(firstMs / 12))).toBeLessThan(0.1 + msOfToken / 12)
    }
  })

  test.each(['demo', 'measured'] as const)(
    'a conversation of %s sends all of it again, most of it from the cache',
    (profile) => {
      const random = new Random('growth')
      const { modelCall } = profiles[profile]
      let before = modelCall(random, 30, 0.1, first)
      for (let call = 0; call < 20; call++) {
        const newTokens = before.outputTokens - before.reasoningTokens + 120
        const now = modelCall(random, 30, 0.1, { sentTokens: before.inputTokens, newTokens })
        expect(now.inputTokens).toBe(before.inputTokens + newTokens)
        expect(before.inputTokens - now.cachedTokens).toBeLessThan(32)
        expect(now.inputTokens - now.cachedTokens - now.cacheWriteTokens).toBeLessThan(32)
        expect(now.cacheWriteTokens).toBeGreaterThan(0)
        expect(now.reasoningTokens).toBeLessThan(now.outputTokens)
        before = now
      }
    },
  )
})

describe('profile=measured', () => {
  test('a run takes its defaults where nobody says others', async () => {
    const { result } = await simulate('human', { profile: 'measured', seed: 'a', llm_delay_ms: 10 })
    expect(result.params).toMatchObject({ profile: 'measured', delay_ms: 300, llm_delay_ms: 10 })
    expect(result.params).not.toHaveProperty('human_delay_s')
  })

  test('a person takes as long as is asked for, and as people do where nothing is', async () => {
    const waitOf = async (query: Record<string, string | number>) => {
      const { run } = await simulate('human', { seed: 'a', ...query })
      return run.ledger.steps.find(({ facts }) => facts.operation === 'human_feedback')?.injected?.drawn_ms
    }
    expect(await waitOf({})).toBe(1000)
    expect(await waitOf({ profile: 'measured', human_delay_s: 2 })).toBe(2000)
    expect(await waitOf({ profile: 'measured' })).not.toBe(await waitOf({ profile: 'measured', seed: 'b' }))
  })

  test('model calls say how much of their input was cached; in demo nobody has sent the first', async () => {
    const cached = async (profile: string) => {
      const { run } = await simulate('react', { profile, seed: 'a' })
      return run.ledger.steps.flatMap(({ facts }) => (facts.operation === 'chat' ? [facts.cached_tokens ?? 0] : []))
    }
    expect(Math.min(...(await cached('measured')))).toBeGreaterThan(1000)
    const [alone, ...others] = await cached('demo')
    expect([alone, Math.min(...others) > 100]).toEqual([0, true])
  })
})
