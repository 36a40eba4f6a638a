import { expect, test } from 'vitest'
import { compareFindings } from '../../src/page/model/agreement.ts'

const ledger = {
  kind: 'straggler',
  observed: { span_ids: ['a', 'b'], saving_ms: 560, others: { count: 98, p50_ms: 82 } },
}

test('the same spans and figures close by agree', () => {
  const revealed = {
    kind: 'straggler',
    observed: { span_ids: ['b', 'a'], saving_ms: 570, others: { count: 98, p50_ms: 86 } },
  }
  const { agrees, figures } = compareFindings(revealed, ledger)
  expect(agrees).toBe(true)
  expect(figures.map(({ name }) => name)).toEqual(['saving ms', 'others · count', 'others · p50 ms'])
})

test('another span, another figure or another kind does not', () => {
  const other = (change: object) => compareFindings({ ...ledger, ...change }, ledger)
  expect(other({ kind: 'retry_storm' }).agrees).toBe(false)
  expect(other({ observed: { ...ledger.observed, span_ids: ['a', 'c'] } })).toMatchObject({
    agrees: false,
    same: ['a'],
    onlyRevealed: ['c'],
    onlyLedger: ['b'],
  })
  expect(other({ observed: { ...ledger.observed, saving_ms: 700 } }).agrees).toBe(false)
})
