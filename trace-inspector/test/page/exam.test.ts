import type { KeyFault } from 'contract/key'
import type { LedgerAnswer } from 'contract/ledger'
import { describe, expect, test } from 'vitest'
import { scenarios } from 'engine/scenarios/index'
import { chance, mayBeFaulty } from '../../src/page/model/exam.ts'
import { examine } from '../../src/page/server/examine.ts'
import { Trace } from '../../src/trace.ts'

const fault = (id: string, accepted: string[][], standing: KeyFault['standing'] = 'required') => ({
  id,
  kind: 'straggler',
  standing,
  accepted,
})

/** As much of a ledger as an examiner reads. */
function ledgerOf(faults: object[], neutral: string[] = []): LedgerAnswer {
  const steps = ['planner', 'call1', 'get1', 'call2', 'get2', 'chat', 'slack'].map((span_id) => ({ span_id }))
  const unplanned = { count: 0, error_types: {}, spans: [] }
  const key = { faults, neutral, slack: [], decoys: [], unplanned, disturbance: { added_p99_ms: 0 } }
  const run = { steps, finding: { kind: 'straggler', text: 'Two were slow' }, key }
  return { trace_id: 't', runs: [run] } as unknown as LedgerAnswer
}

const two = [fault('1', [['call1', 'get1']]), fault('2', [['call2', 'get2']])]
const trace = new Trace('t')

describe('where two are to blame', () => {
  test.each([
    ['both', ['call1', 'call2'], { verdict: 'right', precision: 1, recall: 1, culprits: ['call1', 'call2'] }],
    ['their attempts', ['get1', 'get2'], { verdict: 'right', precision: 1, recall: 1 }],
    ['what is neutral, beside', ['call1', 'call2', 'slack'], { verdict: 'right', precision: 1 }],
    ['one of them, twice', ['call1', 'get1'], { verdict: 'partly', precision: 1, recall: 0.5, missed: ['call2'] }],
    ['one, and somebody else', ['call1', 'chat'], { verdict: 'partly', precision: 0.5, recall: 0.5, wrong: ['chat'] }],
    ['who only called them', ['planner'], { verdict: 'wrong', precision: 0, recall: 0 }],
    ['nobody', [], { verdict: 'wrong', precision: 0, recall: 0 }],
  ])('pointing at %s', (_what, answer, expected) => {
    expect(examine(ledgerOf(two, ['slack']), trace, answer)).toMatchObject(expected)
  })
})

test('what another agent played of the run has the same faults: either side names one', () => {
  const sides = [[fault('1', [['call1']]), fault('2', [['call2']])], [fault('1', [['get1']])]].map((faults) =>
    ledgerOf(faults),
  )
  const [whole, part] = sides.flatMap(({ runs }) => runs)
  const of = (seeds: readonly string[]) => {
    const runs = [
      { ...whole, seed: seeds[0] },
      { ...part, seed: seeds[1], part: { name: 'planner/handoff/0' } },
    ]
    return { trace_id: 't', runs, silent: [] } as unknown as LedgerAnswer
  }
  expect(examine(of(['a', 'a']), trace, ['get1', 'call2'])).toMatchObject({ verdict: 'right', recall: 1 })
  // The part of another run in the same trace stands by itself.
  expect(examine(of(['a', 'b']), trace, ['get1', 'call2'])).toMatchObject({ verdict: 'partly', missed: ['call1'] })
})

test('where nothing is wrong, saying so is right, and accusing is wrong', () => {
  expect(examine(ledgerOf([]), trace, [])).toMatchObject({ verdict: 'right', precision: 1, recall: 1, culprits: [] })
  expect(examine(ledgerOf([]), trace, ['call1'])).toMatchObject({ verdict: 'wrong', precision: 0 })
})

test('a masked fault may be named, and has to be where there is no other', () => {
  const beside = ledgerOf([fault('1', [['call1']]), fault('2', [['call2']], 'masked')])
  expect(examine(beside, trace, ['call1']).verdict).toBe('right')
  expect(examine(beside, trace, ['call1', 'call2']).verdict).toBe('right')
  const alone = ledgerOf([fault('1', [['call1']], 'masked'), fault('2', [['call2']], 'masked')])
  expect(examine(alone, trace, ['call2']).verdict).toBe('right')
  expect(examine(alone, trace, []).verdict).toBe('wrong')
})

test.each([null, 'pending'])('without a key, %s, nothing is right: that is said', (key) => {
  const { runs, ...answer } = ledgerOf(two)
  const other = { ...runs[0], key }
  const keyless = { ...answer, runs: key === null ? [other] : [...runs, other] } as LedgerAnswer
  for (const ids of [[], ['call1', 'call2']])
    expect(() => examine(keyless, trace, ids)).toThrow(
      expect.objectContaining({ status: 409, message: expect.stringMatching(/^There is no key to score by: /) }),
    )
})

test('a run that did not come to its end keeps no other from being scored', () => {
  const { runs, ...answer } = ledgerOf(two)
  const beside = { ...answer, runs: [...runs, { ...runs[0], key: null }] } as LedgerAnswer
  expect(examine(beside, trace, ['call1', 'call2']).verdict).toBe('right')
})

test('what is drawn at level 1 may be faulty, and at other levels all are', () => {
  const names = scenarios.map(({ name }) => name)
  const drawn = (level: string) => names.filter((name) => mayBeFaulty(name, { seed: 'a', level }))
  expect(names.filter((name) => !drawn('1').includes(name)).toSorted()).toEqual(['human', 'rag'])
  expect(drawn('3')).toEqual(names)
  expect(mayBeFaulty('rag', { error_rate: '0.5' })).toBe(true)
  expect(['fanout', 'chain'].map((name) => chance(name, { seed: 'a' }, () => 0.7))).toEqual([
    { faults: 'own' },
    { faults: 'straggler' },
  ])
  expect(chance('chain', { seed: 'a' }, () => 0.2)).toEqual({ faults: 'off' })
  expect(chance('chain', { seed: 'a', level: '2' })).toEqual({})
})
