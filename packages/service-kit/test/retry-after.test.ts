import { expect, it } from 'vitest'
import { parseRetryAfter } from '../src/retry-after.ts'

it.each([
  ['0', 0],
  ['120', 120_000],
  ['1000000', 1e9],
  ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ['Wednesday, 21-Oct-15 07:28:00 GMT', 0],
  ['Wed Oct 21 07:28:00 2015', 0],
  ['1.5', undefined],
  ['-1', undefined],
  ['1e3', undefined],
  ['2026-11-26', undefined],
  ['soon', undefined],
  ['', undefined],
])('%s asks for %s ms', (value, ms) => {
  expect(parseRetryAfter(value)).toBe(ms)
})

it('a date is so far away', () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString()
  const ms = parseRetryAfter(date) as number
  // It has whole seconds, and this test takes some.
  expect(ms).toBeGreaterThan(0)
  expect(ms).toBeLessThanOrEqual(3_600_000)
})
