import type { Key, KeyFault, Standing } from 'contract/key'
import { fc } from '../../../test/support/properties.ts'
import { expect, it } from 'vitest'
import { compareWithKey, withPlanted } from '../src/planted.ts'

const fault = (id: string, standing: Standing, ...spans: string[]): KeyFault => ({
  id,
  kind: 'straggler',
  category: 'latency',
  standing,
  accepted: [spans.length > 0 ? spans : [id]],
  entity: {},
  steps: [],
  magnitude: null,
  impact: null,
})

const keyOf = (faults: KeyFault[], more: Partial<Key> = {}): Key => ({
  key_schema_version: 1,
  trace_id: 'f'.repeat(32),
  level: 1,
  verdict: faults.length > 0 ? 'faulty' : 'healthy',
  faults,
  neutral: [],
  decoys: [],
  slack: [],
  step_limit: false,
  unplanned: { count: 0, error_types: {}, spans: [] },
  disturbed: false,
  disturbance: { calls: 10, added_p99_ms: 1, effect_ms: 500 },
  ...more,
})
const required = (count: number) => Array.from({ length: count }, (_, index) => fault(`r${index}`, 'required'))
const textOf = (key: Key, found: string[]) => compareWithKey(key, found).text

it('counts hits, what nobody planted, and what was missed', () => {
  const key = keyOf(required(20))
  const all = key.faults.map(({ id }) => id)
  expect(textOf(key, [...all, 'x', 'y'])).toBe('planted 20, found 22: 20 hits, 2 not planted, 0 missed')
  expect(compareWithKey(key, [...all, 'x'])).toMatchObject({ agrees: false, not_planted: ['x'], missed: [] })
  expect(compareWithKey(key, all.slice(1))).toMatchObject({ agrees: false, hits: 19, missed: ['r0'] })
  expect(compareWithKey(key, all)).toMatchObject({ agrees: true, hits: 20, found: 20 })
})

it('takes a fault for found once, however many of its spans are named', () => {
  const key = keyOf([fault('faulty_tool/mail', 'required', 'a', 'b', 'c', 'call')])
  expect(textOf(key, ['a', 'b', 'c'])).toBe('planted 1, found 1: 1 hit, 0 not planted, 0 missed')
})

it('asks for nothing that cost nothing, and takes it as found when it is named', () => {
  const key = keyOf([...required(1), fault('m', 'masked'), fault('n', 'neutral')])
  expect(textOf(key, ['r0'])).toBe('planted 3, found 1: 1 hit, 0 not planted, 0 missed, 2 without effect')
  expect(textOf(key, ['r0', 'm', 'n'])).toBe('planted 3, found 3: 3 hits, 0 not planted, 0 missed')
})

it('asks for one of faults that all hide behind each other', () => {
  const key = keyOf([fault('m1', 'masked'), fault('m2', 'masked'), fault('n', 'neutral')])
  expect(compareWithKey(key, [])).toMatchObject({ agrees: false, missed: ['m1'], spared: ['m2', 'n'] })
  expect(compareWithKey(key, ['m2'])).toMatchObject({ agrees: true, missed: [], spared: ['m1', 'n'] })
})

it('holds what is neutral against nobody, and a decoy against who names it', () => {
  const key = keyOf(required(1), { neutral: ['outlier'], decoys: ['decoy'] })
  expect(compareWithKey(key, ['r0', 'outlier'])).toMatchObject({ agrees: true, found: 1 })
  expect(compareWithKey(key, ['r0', 'decoy'])).toMatchObject({ agrees: false, not_planted: ['decoy'] })
})

it('says of a control that nothing was planted', () => {
  expect(compareWithKey(keyOf([]), [])).toMatchObject({ agrees: true, text: 'nothing planted, nothing found' })
  expect(textOf(keyOf([]), ['x'])).toBe('planted 0, found 1: 0 hits, 1 not planted, 0 missed')
})

it('says before anything else that the machine had its say', () => {
  const key = keyOf(required(1), { disturbed: true, disturbance: { calls: 9, added_p99_ms: 400.4, effect_ms: 500 } })
  expect(withPlanted('worker:1 took 900 ms', compareWithKey(key, ['r0']))).toBe(
    'Disturbed: the machine made calls up to 400.4 ms longer than they were drawn (p99 of 9), and 500.0 ms is all there is to be seen: this run proves nothing of who looks at it. worker:1 took 900 ms; planted 1, found 1: 1 hit, 0 not planted, 0 missed',
  )
  expect(withPlanted('worker:1 took 900 ms', compareWithKey(keyOf(required(1)), ['r0']))).toMatch(/^worker:1/)
})

it('has counts that add up, whatever was planted and found', () => {
  const ids = fc.subarray(['a', 'b', 'c', 'd', 'e', 'f'])
  const faults = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('1', '2', '3', '4'),
      standing: fc.constantFrom<Standing>('required', 'masked', 'neutral'),
      spans: ids,
    }),
    { selector: ({ id }) => id },
  )
  fc.assert(
    fc.property(faults, ids, ids, (planted, neutral, found) => {
      const key = keyOf(
        planted.map(({ id, standing, spans }) => ({ ...fault(id, standing), accepted: [spans] })),
        { neutral },
      )
      const { planted: all, found: seen, hits, not_planted, missed, spared, agrees } = compareWithKey(key, found)
      expect(hits + missed.length + spared.length).toBe(all)
      expect(hits + not_planted.length).toBe(seen)
      expect(agrees).toBe(missed.length + not_planted.length === 0)
    }),
  )
})
