import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../src/clock.ts'

afterEach(() => vi.restoreAllMocks())

describe('the clock', () => {
  it('stays the same while it agrees with the wall', () => {
    vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(systemClock.now()))
    expect(systemClock.anchored()).toBe(systemClock)
  })

  it('follows the wall when the machine slept, and goes on from there', () => {
    const hour = 3_600_000
    vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(systemClock.now() + hour))
    const anchored = systemClock.anchored()
    expect(Math.abs(anchored.now() - systemClock.now() - hour)).toBeLessThan(2)
    expect(Math.abs(anchored.anchored().now() - anchored.now())).toBeLessThan(2)
  })

  it('ends a sleep with the reason of whoever ended it', async () => {
    const ending = new AbortController()
    const slept = systemClock.sleep(60_000, ending.signal)
    ending.abort(new Error('enough'))
    await expect(slept).rejects.toThrow('enough')
    await expect(systemClock.sleep(1, ending.signal)).rejects.toThrow('enough')
  })
})
