import type { Key, KeyFault } from 'contract/key'
import { keyOfAll } from '../src/key-of-all.ts'
import { expect, it } from 'vitest'

const fault = (id: string, ...accepted: string[]) => ({ id, standing: 'required', accepted: [accepted] }) as KeyFault
const key = (faults: KeyFault[], neutral: string[] = [], decoys: string[] = []) =>
  ({
    verdict: faults.length > 0 ? 'faulty' : 'healthy',
    faults,
    neutral,
    slack: [],
    decoys,
    unplanned: { count: 0, error_types: {}, spans: [] },
    disturbance: { calls: 0, added_p99_ms: 0, effect_ms: 1 },
  }) as unknown as Key

it('a key with its parts has each fault once, with what names it in any of them', () => {
  const parts = [key([fault('x', 'a'), fault('y', 'c')], [], ['d', 'a']), key([fault('x', 'e')])]
  expect(keyOfAll([key([], ['a'], ['b']), ...parts])).toMatchObject({
    verdict: 'faulty',
    neutral: [],
    decoys: ['b', 'd'],
    faults: [
      { id: 'x', accepted: [['a', 'e']] },
      { id: 'y', accepted: [['c']] },
    ],
  })
})

it('it is pending where one is, and nothing where none has one', () => {
  expect(keyOfAll([key([]), 'pending'])).toBe('pending')
  expect(keyOfAll([null, null])).toBeNull()
  const own = key([fault('x', 'a')])
  expect(keyOfAll([null, own])).toBe(own)
})
