import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { Random } from '../src/random.ts'

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.float())

describe('Random', () => {
  it('repeats itself, and forks by key whatever was drawn before', () => {
    const one = new Random('seed')
    const other = new Random('seed')
    draws(other, 10)
    expect(draws(other.fork('worker/7'), 5)).toEqual(draws(one.fork('worker/7'), 5))
    expect(draws(one.fork('worker/7'), 5)).not.toEqual(draws(one.fork('worker/8'), 5))
  })

  it('stays the same from release to release: a seed in a bug report must repeat its run', () => {
    expect(draws(new Random('demo').fork('worker/7'), 3)).toMatchInlineSnapshot(`
      [
        0.12068892860688396,
        0.3848967443786776,
        0.9442352407026072,
      ]
    `)
  })

  it('is uniform enough for its use', () => {
    const counts = Array.from({ length: 10 }, () => 0)
    for (const value of draws(new Random('uniform'), 100_000)) counts[Math.floor(value * 10)]!++
    // Five standard deviations of a binomial with n = 100,000 and p = 0.1.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(475)
  })

  it('samples without repeating, in order, and any member', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.nat(200), fc.string(), (population, wanted, seed) => {
        const count = Math.min(population, wanted)
        const sample = new Random(seed).sample(population, count)
        expect(sample).toHaveLength(count)
        expect(new Set(sample).size).toBe(count)
        expect(sample).toEqual(sample.toSorted((a, b) => a - b))
        expect(sample.every((value) => value >= 0 && value < population)).toBe(true)
      }),
    )
  })

  it('draws around the median, and never beyond two sigma', () => {
    const random = new Random('lognormal')
    const values = Array.from({ length: 20_000 }, () => random.lognormal(80, 0.2)).toSorted((a, b) => a - b)
    expect(values[10_000]).toBeCloseTo(80, -1)
    expect(values[0]).toBeGreaterThanOrEqual(80 * Math.exp(-0.4))
    expect(values.at(-1)).toBeLessThanOrEqual(80 * Math.exp(0.4))
    expect(random.lognormal(80, 0)).toBe(80)
    expect(random.lognormal(0, 1)).toBe(0)
  })

  it('takes chance at its word at both ends', () => {
    const random = new Random('chance')
    expect(Array.from({ length: 100 }, () => random.chance(0))).not.toContain(true)
    expect(Array.from({ length: 100 }, () => random.chance(1))).not.toContain(false)
  })
})
