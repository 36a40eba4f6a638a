import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Backoff } from '../../src/telemetry/backoff.ts'

let backoff: Backoff
beforeEach(() => {
  vi.useFakeTimers()
  backoff = new Backoff({ backoffMs: 500, maxBackoffMs: 5000, maxAskedMs: 300_000 })
})
afterEach(() => void vi.useRealTimers())

const leftMs = () => backoff.leftMs(performance.now())
const after = (ms: number) => vi.advanceTimersByTime(ms)

/** Fails, and waits until it may try again; how long that was. */
function fail(askedMs?: number): number {
  backoff.failed(askedMs)
  const ms = leftMs()
  after(ms)
  return ms
}

it('doubles its pauses up to a bound', () => {
  expect([1, 2, 3, 4, 5, 6].map(() => fail())).toEqual([500, 1000, 2000, 4000, 5000, 5000])
})

it('begins anew after a success', () => {
  fail()
  fail()
  backoff.succeeded(performance.now())
  expect(fail()).toBe(500)
})

it('does not begin anew after the success of an attempt that began before the last failed', () => {
  const startedAt = performance.now()
  after(10)
  fail()
  backoff.succeeded(startedAt)
  expect(fail()).toBe(1000)
})

it('ends its pause when there is a reason to try now, and begins anew', () => {
  fail()
  fail()
  backoff.failed(60_000)
  backoff.reset()
  expect(leftMs()).toBeLessThanOrEqual(0)
  expect(fail()).toBe(500)
})

it('waits as long as it is asked to, but for a bound that is not its own', () => {
  expect(fail(60_000)).toBe(60_000)
  expect(fail(3_600_000)).toBe(300_000)
  expect(fail(100)).toBe(2000)
})

it('takes failures side by side for one, and the longest that one of them asks for', () => {
  backoff.failed()
  backoff.failed(3000)
  backoff.failed(2000)
  expect(leftMs()).toBe(3000)
  after(3000)
  expect(fail()).toBe(1000)
})
