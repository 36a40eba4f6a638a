import type { LedgerAnswer, LedgerStep } from 'contract/ledger'
import { expect, it } from 'vitest'
import { ledgerPieces } from '../src/ledger-pieces.ts'

/** A ledger with runs of so many steps; what else a step has is none of the pieces' business. */
function ledger(...sizes: number[]): LedgerAnswer {
  const run = (size: number) => ({
    scenario: 'fanout',
    params: { fanout: size },
    steps: Array.from({ length: size }, (_, id) => ({ id, key: '", ]}{[' }) as LedgerStep),
    ok: null,
  })
  return { schema_version: 2, trace_id: 'a', runs: sizes.map(run) } as unknown as LedgerAnswer
}

it.each([[], [0], [1], [127], [128], [129], [1000], [3, 0, 300]])('are the JSON of the whole: %j', (...sizes) => {
  const whole = ledger(...sizes)
  expect(JSON.parse([...ledgerPieces(whole)].join(''))).toEqual(whole)
})

it('are short, however long the whole is, and are made when they are asked for', () => {
  const whole = ledger(10_000)
  const longest = Math.max(...[...ledgerPieces(whole)].map(({ length }) => length))
  expect(longest).toBeLessThan(JSON.stringify(whole).length / 50)
  const pieces = ledgerPieces(whole)
  pieces.next()
  pieces.next()
  whole.runs[0]?.steps.push({ id: -1 } as LedgerStep)
  expect([...pieces].join('')).toContain('"id":-1')
})

it('do not run after a run that goes on', () => {
  const whole = ledger(1)
  let pieces = 0
  for (const _ of ledgerPieces(whole)) {
    whole.runs[0]?.steps.push({ id: 1 } as LedgerStep)
    expect(++pieces).toBeLessThan(10)
  }
})
