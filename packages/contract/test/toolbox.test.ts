import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { Random } from '../src/random.ts'
import { answerTo, argumentsFor, longestArguments, refusalOf, resultFor, toolboxNames } from '../src/toolbox.ts'

const tool = fc.constantFrom(...toolboxNames)
const seed = fc.stringMatching(/^[a-z0-9]{1,8}$/)

describe('arguments', () => {
  it('are such as the schema of the tool takes, and fit in a header', () => {
    fc.assert(
      fc.property(tool, seed, (tool, seed) => {
        const text = JSON.stringify(argumentsFor(new Random(seed), tool))
        expect(refusalOf(tool, text)).toBeUndefined()
        expect(text.length).toBeLessThan(longestArguments / 4)
      }),
    )
  })

  it.each([
    ['search', '{"query":5}', 422, [['query', '5', 'text of 1 to 200 characters']]],
    ['search', '{}', 422, [['query', undefined, 'text of 1 to 200 characters']]],
    ['search', '{"query":"x","limit":0}', 422, [['limit', '0', 'a whole number from 1 to 50']]],
    ['search', '{"query":"x","querry":"y"}', 422, [['querry', 'y', 'one of query, limit, cursor']]],
    [
      'database',
      '{"table":"moons","since":"yesterday"}',
      422,
      [
        ['table', 'moons', 'one of orders, customers, invoices, tickets'],
        ['since', 'yesterday', 'a date, such as 2026-11-26'],
      ],
    ],
    ['calculator', '{"operation":"sum","values":[1,"x"]}', 422, [['values.1', 'x', 'a number']]],
    ['calculator', '{"id":"a1b2"}', 422, [['action', undefined, 'one of read, write, create']]],
    ['mail', '{"id":"a1b2","action":"fetch"}', 422, [['action', 'fetch', 'one of read, write, create']]],
    [
      'search',
      '{"query":"x","action":"read","folder":"inbox"}',
      422,
      [['folder', 'inbox', expect.stringMatching(/^one of action, id, query, amount,/)]],
    ],
    ['searchh', '{"query":"x"}', 404, [['tool_name', 'searchh', `one of ${toolboxNames.join(', ')}`]]],
    ['__proto__', '{}', 404, [['tool_name', '__proto__', expect.any(String)]]],
    ['constructor', '{}', 404, [['tool_name', 'constructor', expect.any(String)]]],
    [
      'search',
      '{"__proto__":{"query":"x"}}',
      422,
      expect.arrayContaining([['__proto__', expect.anything(), expect.any(String)]]),
    ],
    ['search', '{"query":', 400, [['arguments', '{"query":', 'a JSON object of at most 4096 characters']]],
    ['search', '["query"]', 400, [['arguments', '["query"]', expect.any(String)]]],
    ['search', 'null', 400, [['arguments', 'null', expect.any(String)]]],
    [
      'search',
      `{"query":"${'x'.repeat(longestArguments)}"}`,
      400,
      [['arguments', expect.stringMatching(/…$/), expect.any(String)]],
    ],
  ] as const)('%s %.40s is refused, and it is said what was expected', (tool, text, status, faults) => {
    const refusal = refusalOf(tool, text)
    expect(refusal?.status).toBe(status)
    expect(refusal?.faults.map(({ parameter, value, expected }) => [parameter, value, expected])).toEqual(faults)
  })
})

describe('an answer', () => {
  it('is the same for the same question, seed and version, in whatever order that is asked', () => {
    fc.assert(
      fc.property(tool, seed, seed, (tool, seed, draw) => {
        const given = argumentsFor(new Random(draw), tool)
        const reversed = Object.fromEntries(Object.entries(given).toReversed())
        expect(resultFor(tool, reversed, { seed })).toEqual(resultFor(tool, given, { seed }))
        expect(JSON.parse(JSON.stringify(resultFor(tool, given, { seed })))).toEqual(resultFor(tool, given, { seed }))
      }),
    )
    const given = { query: 'price list' }
    const said = (options: { seed: string; version?: number }) => JSON.stringify(resultFor('search', given, options))
    expect(said({ seed: 'b' })).not.toBe(said({ seed: 'a' }))
    expect(said({ seed: 'a', version: 1 })).not.toBe(said({ seed: 'a' }))
  })

  it('has so many of so many, and pages that together have each entry once', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('search', 'database', 'calendar', 'mail'),
        seed,
        fc.integer({ min: 1, max: 50 }),
        (tool, seed, limit) => {
          const given = { ...argumentsFor(new Random(seed), tool), limit }
          const entries: unknown[] = []
          let [cursor, total] = ['0', -1]
          for (let more: string | null = cursor; more !== null;) {
            cursor = more
            const page = resultFor(tool, { ...given, cursor }, { seed }) as unknown as Page
            const own = Object.values(page).find((value) => Array.isArray(value)) as unknown[]
            expect(own).toHaveLength(page.count)
            expect(page.count).toBeLessThanOrEqual(limit)
            total = page.total
            entries.push(...own)
            more = page.cursor
          }
          expect(entries).toHaveLength(total)
          expect(entries).toEqual(
            Object.values(resultFor(tool, { ...given, limit: 50 }, { seed })).find((value) => Array.isArray(value)),
          )
        },
      ),
    )
  })

  it('has the version of a record, whichever tool keeps it', () => {
    for (const tool of toolboxNames) {
      const given = { id: 'a1b2', action: 'read' }
      expect(refusalOf(tool, JSON.stringify(given))).toBeUndefined()
      const version = expect.stringMatching(/^[a-z0-9]{12}$/)
      expect(resultFor(tool, given, { seed: 'a' })).toEqual({ version, count: 1, total: 1, cursor: null })
    }
  })

  it('is worked out where there is something to work out', () => {
    const given = { operation: 'mean', values: [1, 2, 6] }
    expect(resultFor('calculator', given, { seed: 'a' })).toEqual({ value: 3, count: 3, total: 3, cursor: null })
    const cut = resultFor('calculator', { operation: 'sum', values: [1, 2, 6, 9] }, { seed: 'a', flaw: 'truncated' })
    expect(cut).toEqual({ value: 3, count: 2, total: 4, cursor: null })
    const tooMuch = resultFor('calculator', { operation: 'sum', values: [1e308, 1e308] }, { seed: 'a' })
    expect(tooMuch.value).toBeNull()
  })

  it('shows its flaw: an error, nothing, or less than there is without a word of the rest', () => {
    fc.assert(
      fc.property(tool, seed, (tool, seed) => {
        const given = argumentsFor(new Random(seed), tool)
        expect(resultFor(tool, given, { seed, flaw: 'error' }).error).toMatchObject({ code: 'backend_unavailable' })
        expect(resultFor(tool, given, { seed, flaw: 'empty' })).toMatchObject({ count: 0, total: 0, cursor: null })
        const { count, total, cursor } = resultFor(tool, given, { seed, flaw: 'truncated' }) as unknown as Page
        expect(count).toBeLessThan(total)
        expect(cursor).toBeNull()
        const { error = null } = resultFor(tool, given, { seed })
        expect(error).toBeNull()
      }),
    )
  })

  it('is there for whatever somebody asks by hand', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.option(fc.string(), { nil: undefined }),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (name, text, given) => {
          expect(answerTo(name, { text })).toHaveProperty('count')
          for (const tool of [name, ...toolboxNames])
            expect(resultFor(tool, given, { seed: 'a' })).toHaveProperty('count')
        },
      ),
      { numRuns: 50 },
    )
  })
})

interface Page {
  count: number
  total: number
  cursor: string | null
}
