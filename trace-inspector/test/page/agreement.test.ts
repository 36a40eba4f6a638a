import { expect, test } from 'vitest'
import { figuresOf } from '../../src/page/model/agreement.ts'

const ledger = { span_ids: ['a', 'b'], saving_ms: 560, kind: 'x', others: { count: 98, p50_ms: 82, span_id: 'a' } }

test('figures stand side by side, those inside of groups too, and agree when they are close', () => {
  const revealed = { ...ledger, saving_ms: 570, others: { count: 98, p50_ms: 86 } }
  expect(figuresOf(revealed, ledger).map(({ name, agrees }) => [name, agrees])).toEqual([
    ['saving ms', true],
    ['kind', true],
    ['others · count', true],
    ['others · p50 ms', true],
  ])
})

test('another figure, or another word, is another', () => {
  const revealed = { ...ledger, saving_ms: 700, kind: 'y' }
  expect(figuresOf(revealed, ledger).filter(({ agrees }) => !agrees)).toEqual([
    { name: 'saving ms', revealed: 700, ledger: 560, agrees: false },
    { name: 'kind', revealed: 'y', ledger: 'x', agrees: false },
  ])
})
