import { fc } from '../../../test/support/properties.ts'
import { expect, test } from 'vitest'
import { atWork } from '../src/kinds/overload.ts'
import { observe } from '../src/kinds.ts'
import type { AnalysisStep } from '../src/step.ts'
import { call, step } from './steps.ts'

/** A call of one attempt, at a tool that works for so much of the time that it takes. */
function attempt(
  id: string,
  start: number,
  ms: number,
  more: { status?: number; retryAfter?: string; agent?: string; served?: number },
) {
  const { status = 200, retryAfter, agent = 'worker:0', served = ms } = more
  const failed = status !== 200
  const common = { agent_id: agent, failed }
  const logical = { ...call(id, start, ms, common), ...(!failed && { result: JSON.stringify({ served_ms: served }) }) }
  const facts = { attempt: 0, status, ...(retryAfter !== undefined && { retry_after: retryAfter }) }
  return [logical, step(`${id}/0`, id, start, start + ms, { ...common, operation: 'http_client', facts })]
}

const found = (calls: AnalysisStep[][]) =>
  observe('overload', [step('root', null, 0, 10_000), ...calls.flat()]).observed

/** Calls that come evenly and are served at once. */
const usual = Array.from({ length: 40 }, (_, index) => attempt(`u${index}`, index * 100, 80, {}))
const many = (count: number, of: (index: number) => AnalysisStep[]) =>
  Array.from({ length: count }, (_, index) => of(index))

test.each([
  [
    'refusals of a quota, which say when to come again',
    many(20, (i) => attempt(`q${i}`, 1000 + i, 5, { status: 429, retryAfter: '1' })),
  ],
  ['a tool that fails', many(20, (i) => attempt(`f${i}`, 1000 + i, 5, { status: 503 }))],
  ['a slow tool that refuses nobody', many(20, (i) => attempt(`s${i}`, 1000 + 50 * i, 900, {}))],
  ['one refusal, or three', many(3, (i) => attempt(`r${i}`, 1000 + i, 5, { status: 429 }))],
  ['many calls that all have room', many(60, (i) => attempt(`m${i}`, 1000 + i, 80, { agent: 'worker:3' }))],
])('%s: no overload', (_name, calls) => {
  const { tool, trigger, window, span_ids } = found([...usual, ...calls])
  expect({ tool, trigger, window }).toEqual({ tool: null, trigger: null, window: null })
  // Calls that nobody answered are told all the same.
  expect(span_ids).toEqual(calls.flatMap(([logical]) => (logical?.failed ? logical.span_id : [])))
})

test('four refusals are one, with who had begun to send more', () => {
  const surge = many(20, (i) => attempt(`m${i}`, 1400 + i * 5, 80, { agent: 'worker:3' }))
  const refused = many(4, (i) => attempt(`r${i}`, 1500 + i, 5, { status: 429, agent: 'worker:1' }))
  const { tool, trigger, window, bins, refused: count } = found([...usual, ...surge, ...refused])
  expect({ tool, trigger, window, count }).toEqual({
    tool: 'search',
    trigger: { kind: 'surge', agent_id: 'worker:3' },
    window: { from_ms: 1500, to_ms: 1503 },
    count: 4,
  })
  expect(bins.reduce((sum, { refused }) => sum + refused, 0)).toBe(4)
  expect(bins.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(64)
})

test('four that waited long for their turn are one, though nobody was refused; three, or who waited as long as many do, are none', () => {
  const waiting = (count: number, queued: number) =>
    many(count, (i) => attempt(`w${i}`, 1500 + i, 80 + queued, { served: 80, agent: 'worker:3' }))
  const { tool, window, refused, kept_waiting, recovered_ms } = found([...usual, ...waiting(4, 300)])
  expect({ tool, window, refused, kept_waiting, recovered_ms }).toEqual({
    tool: 'search',
    window: { from_ms: 1500, to_ms: 1503 },
    refused: 0,
    kept_waiting: 4,
    recovered_ms: 1883,
  })
  for (const few of [waiting(3, 300), waiting(20, 230)]) expect(found([...usual, ...few]).tool).toBeNull()
})

test('a tool that does one at a time has not lost capacity because the next begins as one ends', () => {
  const served = many(20, (i) => attempt(`s${i}`, 1000 + i * 80, 80.05, { agent: 'worker:3' }))
  const refused = many(6, (i) => attempt(`r${i}`, 1950 + i * 80, 5, { status: 429, agent: 'worker:3' }))
  expect(found([...served, ...refused]).trigger).toEqual({ kind: 'surge', agent_id: 'worker:3' })
})

test('how many are at work is counted right at any time, though not by going through all of them', () => {
  // Whole numbers, so that some begin when others end; who sends spans may say of one that it ended before it began.
  const time = fc.integer({ min: 0, max: 30 })
  fc.assert(
    fc.property(fc.array(fc.record({ begun_ms: time, end_ms: time }), { maxLength: 60 }), (served) => {
      const busyAt = atWork(served)
      for (let at = -1; at <= 31; at++)
        expect(busyAt(at)).toBe(served.filter(({ begun_ms, end_ms }) => begun_ms <= at && end_ms > at).length)
    }),
  )
})
