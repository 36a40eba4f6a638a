import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readPlainly, surelyFits } from '../src/plain.ts'
import { Random } from '../src/random.ts'
import { behaviorSchema } from '../src/tool.ts'
import { recordForm, type Tool, tools } from '../src/tools.ts'

const forms: [string, Tool][] = [...Object.entries(tools), ['records', recordForm]]

/** What a member may be that is about to be wrong: at the edge of what is taken, or of another kind. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'sum',
    'orders',
    'open',
    'inbox',
    'rank',
    'read',
    '0',
    '12345',
    '2026-02-28',
    '2026-02-30',
  ),
  fc.constantFrom<unknown>(0, 1, 50, 51, 1000, 1001, 10_000, 86_401, 1e9, -1, -0, 0.5, 2 ** 53, Infinity, NaN),
  fc.constantFrom<unknown>('a'.repeat(200), 'a'.repeat(201), null, undefined, true, {}),
  fc.constantFrom<unknown>([], [1], [1, NaN], [Infinity], Array(101).fill(1), ['a'], ['a', '']),
  fc.jsonValue(),
)

describe('arguments, asked plainly', () => {
  test.each(forms)('what %s draws surely fits', (_name, tool) => {
    fc.assert(
      fc.property(fc.string(), (seed) => surelyFits(tool.schema, tool.draw(new Random(seed)))),
      { numRuns: 20 },
    )
  })

  test.each(forms)('what surely fits %s is taken by zod as well, as it is', (_name, { schema, draw }) => {
    const name = fc.constantFrom(...Object.keys(schema.shape), 'other', '__proto__', 'constructor')
    const changes = fc.array(fc.tuple(name, value), { maxLength: 3 })
    fc.assert(
      fc.property(fc.string(), changes, fc.boolean(), (seed, changes, isWhole) => {
        // Some begin with nothing, and miss what they must have.
        const entries = new Map<string, unknown>(isWhole ? Object.entries(draw(new Random(seed))) : [])
        for (const [name, value] of changes) entries.set(name, value)
        const given = Object.fromEntries(entries)
        if (surelyFits(schema, given)) expect(schema.safeParse(given)).toEqual({ success: true, data: given })
      }),
      { numRuns: 400 },
    )
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
