import { describe, expect, it } from 'vitest'
import { attack, isNoBetterThanChance } from './certificate/attack.ts'

/** Among them those of all runs that are attacked; `npm run certificate` tries a million. */
const seeds = Array.from({ length: 2500 }, (_, seed) => String(seed))

describe('a solver that knows the source, and tries seeds', () => {
  it.each([
    ['by an id', { withoutIds: false }],
    ['by times alone', { withoutIds: true }],
  ])('finds the seed of every open run %s, and with it all culprits', async (_, how) => {
    const { runs, found, named, hits } = await attack(seeds, 4, how)
    expect([found, hits]).toEqual([runs, named])
    expect(named).toBeGreaterThan(runs)
  })

  it('finds none of a blind run, and names culprits by lot', async () => {
    const told = await attack(seeds, 25, { secret: '5eed'.repeat(8) })
    expect(told.named).toBeGreaterThan(100)
    expect(isNoBetterThanChance(told), JSON.stringify(told)).toBe(true)
  })
})
