import { describe, expect, it } from 'vitest'
import { observe, sentenceOf } from '../src/kinds.ts'
import type { AnalysisStep } from '../src/step.ts'
import { step } from './steps.ts'

interface Spoken {
  tool?: string
  given?: object
  /** What it answered, or the status that it was refused with. */
  said: object | number
}

/** One call after the other, each asked for by a chat, with one attempt below it. */
const spoken = (calls: readonly Spoken[]): AnalysisStep[] =>
  calls.flatMap(({ tool = 'search', given = { id: 'x' }, said }, index) => {
    const [at, failed] = [100 * index, typeof said === 'number']
    const call_id = `id ${index}`
    return [
      step(`m${index}`, 'root', at, at + 40, { operation: 'chat', facts: { tool_call_id: call_id } }),
      step(`c${index}`, 'root', at + 50, at + 90, {
        operation: 'execute_tool',
        facts: { tool, call_id },
        failed,
        arguments: JSON.stringify(given),
        ...(typeof said === 'object' && { result: JSON.stringify(said) }),
      }),
      step(`h${index}`, `c${index}`, at + 50, at + 90, {
        operation: 'http_client',
        facts: { status: typeof said === 'number' ? said : 200 },
        failed,
      }),
    ]
  })

const all = (count: number, more: object = {}) => ({ count, total: count, ...more })

describe('silent_failure', () => {
  const flawsIn = (...calls: Spoken[]) => {
    const observation = observe('silent_failure', spoken(calls))
    return observation.observed.flawed.map(({ span_id, flaw }) => [span_id, flaw])
  }

  it.each([
    ['an error in a body', [{ said: all(0, { error: 'timed out' }) }], [['c0', 'error']]],
    ['an error that is an object', [{ said: { error: { code: 'backend_unavailable' } } }], [['c0', 'error']]],
    ['less than there is', [{ said: { count: 20, total: 33 } }], [['c0', 'truncated']]],
    ['less than there is, and no next page', [{ said: { count: 2, total: 9, cursor: null } }], [['c0', 'truncated']]],
    [
      'less than there is, though a page of it came twice',
      [
        { said: { count: 1, total: 3, cursor: '1' } },
        { given: { id: 'x', cursor: '1' }, said: { count: 1, total: 3, cursor: '2' } },
        { given: { id: 'x', cursor: '1' }, said: { count: 1, total: 3, cursor: '2' } },
        { given: { id: 'x', cursor: '2' }, said: { count: 0, total: 3 } },
      ],
      [['c3', 'truncated']],
    ],
    [
      'nothing where there was something',
      [
        { given: { q: 'x', limit: 1 }, said: { count: 1, total: 9, cursor: '1' } },
        { given: { q: 'x' }, said: all(0) },
      ],
      [['c1', 'empty']],
    ],
    [
      'nothing where another answer had counted something',
      [{ given: { id: 'a' }, said: all(3, { items: [{ id: 'x', count: 4 }] }) }, { said: all(0) }],
      [['c1', 'empty']],
    ],
  ] as [string, Spoken[], unknown[]][])('is %s', (_, calls, expected) => {
    expect(flawsIn(...calls)).toEqual(expected)
  })

  it.each([
    ['an error that is null', [{ said: all(3, { error: null }) }]],
    ['an error that was asked about', [{ given: { id: 'x', field: 'error' }, said: all(3, { error: 'timed out' }) }]],
    ['nothing where nobody said that there was something', [{ said: all(0) }]],
    [
      'nothing where there is nothing',
      [{ given: { id: 'a' }, said: all(3, { items: [{ id: 'x', count: 0 }] }) }, { said: all(0) }],
    ],
    [
      'pages whose cursor is followed',
      [
        { said: { count: 20, total: 33, cursor: '1' } },
        { given: { id: 'x', cursor: '1' }, said: { count: 13, total: 33 } },
      ],
    ],
    ['what was asked again', [{ said: all(0, { error: 'timed out' }) }, { said: all(7) }]],
    ['what another tool was asked again', [{ said: { count: 2, total: 7 } }, { tool: 'mail', said: all(7) }]],
    ['a call that failed', [{ said: 503 }]],
    ['an answer without any of it', [{ said: { version: 1 } }]],
  ] as [string, Spoken[]][])('is not %s', (_, calls) => {
    expect(flawsIn(...calls)).toEqual([])
  })

  it('says nothing of answers that no span has', () => {
    const steps = spoken([{ said: all(0, { error: 'timed out' }) }]).map(({ result: _result, ...rest }) => rest)
    expect(observe('silent_failure', steps).observed.flawed).toEqual([])
  })

  it('points at what was wrong, and says how', () => {
    const observation = observe('silent_failure', spoken([{ said: all(4) }, { said: { count: 20, total: 33 } }]))
    expect(observation.observed.span_ids).toEqual(['c1'])
    expect(sentenceOf(observation)).toBe(
      '2 answers with 200: 1 of them was wrong: that of search had less than there is; nobody asked again',
    )
  })
})

describe('hallucinated_call', () => {
  const madeUpIn = (...calls: Spoken[]) => {
    const observation = observe('hallucinated_call', spoken(calls))
    return observation.observed.hallucinated.map(({ span_id, reason }) => [span_id, reason])
  }
  const answered: Spoken = { said: all(1) }

  it.each([
    ['a tool that nobody has', [answered, { tool: 'web_search', said: 404 }], [['c1', 'no_tool']]],
    ['arguments with too much', [answered, { given: { id: 'x', filter: {} }, said: 422 }], [['c1', 'bad_arguments']]],
    ['arguments of another type', [answered, { given: { id: 7 }, said: 422 }], [['c1', 'bad_arguments']]],
    ['arguments with too little', [answered, { given: {}, said: 422 }], [['c1', 'bad_arguments']]],
  ] as [string, Spoken[], unknown[]][])('is %s', (_, calls, expected) => {
    expect(madeUpIn(...calls)).toEqual(expected)
  })

  it.each([
    ['a tool that is out of order', [answered, { said: 503 }]],
    ['a tool that is asked too often', [answered, { said: 429 }]],
    ['what a policy forbids', [answered, { said: 403 }]],
    ['what a tool that is there does not find', [answered, { given: { id: 'y' }, said: 404 }]],
    ['a no to what may be asked', [answered, { given: { id: 'y' }, said: 422 }]],
    ['a search that finds nothing', [{ given: { query: 'open cases' }, said: all(0) }]],
  ] as [string, Spoken[]][])('is not %s', (_, calls) => {
    expect(madeUpIn(...calls)).toEqual([])
  })

  it('points at the model call that asked, and at what it asked for', () => {
    const observation = observe('hallucinated_call', spoken([answered, { tool: 'web_search', said: 404 }]))
    expect(observation.observed).toMatchObject({ span_ids: ['m1', 'c1'], wasted_ms: 80, failed_calls: 0 })
    expect(sentenceOf(observation)).toBe(
      '2 calls: the model asked for web_search, which does not exist (80 ms for nothing)',
    )
  })

  it('leaves what only failed to who looks for that', () => {
    const { observed } = observe('hallucinated_call', spoken([answered, { said: 503 }]))
    expect(observed).toMatchObject({ span_ids: ['c1'], hallucinated: [], failed_calls: 1, wasted_ms: 0 })
  })
})
