import { fc } from '../../../test/support/properties.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readPlainly, surelyFits } from '../src/plain.ts'
import { Random } from '../src/random.ts'
import { behaviorSchema } from '../src/tool.ts'
import { recordForm, type Tool, tools } from '../src/tools.ts'

const forms: [string, Tool][] = [...Object.entries(tools), ['records', recordForm]]

/** What a member may be: at the edge of what some are to be, right beyond it, or of another kind. */
const texts = [
  '',
  'a'.repeat(200),
  'a'.repeat(201),
  'sum',
  'orders',
  'open',
  'inbox',
  'rank',
  'read',
  '0',
  '9999',
  '12345',
]
const dates = ['2026-02-28', '2026-02-29', '2028-02-29', '2026-2-1', ' 2026-02-28']
const bounds = [0, 1, 50, 51, 1000, 1001, 10_000, 10_001, 86_400, 86_401, 1e9, 1e9 + 1]
const numbers = [-1, -0, 0.5, 2 ** 53, Infinity, NaN]
const lists = [
  [],
  Array(3),
  [1],
  Array(100).fill(1),
  Array(101).fill(1),
  [1, NaN],
  [Infinity],
  ['1'],
  ['a'],
  ['a', ''],
  [['a']],
]
const others = [null, undefined, true, false, {}, { length: 1 }]
const values: unknown[] = [texts, dates, bounds, numbers, lists, others].flat()

describe('arguments, asked plainly', () => {
  test.each(forms)('what %s draws surely fits', (_name, tool) => {
    fc.assert(
      fc.property(fc.string(), (seed) => surelyFits(tool.schema, tool.draw(new Random(seed)))),
      { numRuns: 20 },
    )
  })

  test.each(forms)('what surely fits %s is taken by zod as well, as it is', (_name, { schema, draw }) => {
    const drawn = draw(new Random('a'))
    let fitting = 0
    for (const name of [...Object.keys(schema.shape), 'other', '__proto__', 'constructor'])
      // Alone most miss what there has to be.
      for (const given of values.flatMap((value) => [{ ...drawn, [name]: value }, { [name]: value }])) {
        if (!surelyFits(schema, given)) continue
        fitting++
        expect(schema.safeParse(given)).toEqual({ success: true, data: given })
      }
    expect(fitting).toBeGreaterThan(2)
  })
})

describe('scalars, read plainly', () => {
  const schema = behaviorSchema({ delayMs: 80, errorRate: 0 })
  const text = fc.oneof(
    fc.constantFrom('', '0', '1', 'true', 'false', 'yes', '-0', '.5', '1e3', '1e999', '503', '399', '600', ' 1', '+1'),
    fc.constantFrom('error', 'truncated', 'a', 'a b', 'é', '{}', 'x'.repeat(64), 'x'.repeat(65), '9'.repeat(33)),
    fc.double().map(String),
    fc.nat().map(String),
    fc.string(),
  )
  const input = fc.dictionary(
    fc.constantFrom(...Object.keys(schema.shape), 'other'),
    fc.option(text, { nil: undefined }),
  )

  test('say what zod says, member by member, or leave it to zod', () => {
    let read = 0
    fc.assert(
      fc.property(input, (given) => {
        const plainly = readPlainly(schema, given)
        if (!plainly) return
        read++
        expect({ success: true, data: plainly }).toStrictEqual(schema.safeParse(given))
      }),
      { numRuns: 500 },
    )
    expect(read).toBeGreaterThan(50)
  })

  test('read all that is well', () => {
    const given = { delay_ms: '1.5', strict: '1', arguments: '{}', flaw: 'empty', seed: 'a', key: '', queue: '' }
    expect(readPlainly(schema, given)).toStrictEqual(schema.parse(given))
  })

  test('leave to zod what is repeated, and what has more to it', () => {
    expect(readPlainly(schema, { seed: ['a', 'b'] })).toBeUndefined()
    expect(readPlainly(schema.refine(() => false) as typeof schema, {})).toBeUndefined()
    expect(readPlainly(schema.extend({ more: z.string().optional() }), {})).toBeUndefined()
  })
})
