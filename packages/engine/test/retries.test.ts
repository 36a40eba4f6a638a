import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { Random } from 'contract/random'
import { backoff } from '../src/retry-policy.ts'
import { failureRates } from '../src/scenarios/retry.ts'
import { toolOf } from '../src/tools.ts'

const random = new Random('back-off')

describe('back-off', () => {
  it('doubles up to its bound', () => {
    const policy = { maxRetries: 9, backoffMs: 20, backoffMaxMs: 100, jitter: 'none' as const }
    expect([1, 2, 3, 4, 5, 20].map((attempt) => backoff(policy, attempt, random))).toEqual([20, 40, 80, 100, 100, 100])
  })

  it('is drawn between nothing and its bound with full jitter', () => {
    const policy = { maxRetries: 9, backoffMs: 20, backoffMaxMs: 100, jitter: 'full' as const }
    const drawn = Array.from({ length: 1000 }, () => backoff(policy, 3, random))
    expect(Math.min(...drawn)).toBeLessThan(8)
    expect(Math.max(...drawn)).toBeGreaterThan(72)
    expect(drawn.every((ms) => ms >= 0 && ms <= 80)).toBe(true)
  })

  it('honours what the tool asked for', () => {
    const policy = { maxRetries: 9, backoffMs: 20, backoffMaxMs: 100, jitter: 'full' as const }
    expect(backoff(policy, 1, random, 5000)).toBe(5000)
  })

  it('honours it for a minute, or for as long as the run allows', () => {
    const policy = { maxRetries: 9, backoffMs: 20, backoffMaxMs: 100, jitter: 'none' as const }
    const hourMs = 3_600_000
    expect(backoff(policy, 1, random, hourMs)).toBe(60_000)
    expect(backoff({ ...policy, retryAfterMaxMs: 5 }, 1, random, hourMs)).toBe(20)
    expect(backoff({ ...policy, retryAfterMaxMs: 2 * hourMs }, 1, random, hourMs)).toBe(hourMs)
  })
})

describe('failure rates', () => {
  it('keep the mean over all first attempts, wherever the failures are put', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(5),
        fc.string(),
        (fanout, errorRate, faulty, seed) => {
          const rates = failureRates(new Random(seed), fanout, errorRate, faulty)
          const mean =
            Array.from({ length: fanout }, (_, index) => rates.get(toolOf(index)) as number).reduce(
              (a, b) => a + b,
              0,
            ) / fanout
          expect(mean).toBeCloseTo(errorRate, 9)
          for (const rate of rates.values()) expect(rate >= 0 && rate <= 1 + 1e-12).toBe(true)
        },
      ),
    )
  })

  it('are on as few tools as asked for', () => {
    const rates = [...failureRates(new Random('a'), 100, 0.1, 2).values()]
    expect(rates.filter((rate) => rate > 0)).toEqual([0.25, 0.25])
    expect([...failureRates(new Random('a'), 100, 0.1, 0).values()]).toEqual([0.1, 0.1, 0.1, 0.1, 0.1])
    const shared = [...failureRates(new Random('a'), 100, 0.5, 1).values()]
    expect(shared.toSorted((a, b) => a - b)).toEqual([0.375, 0.375, 0.375, 0.375, 1])
  })
})
