import { fc } from '../../../test/support/properties.ts'
import { handoffMethod, handoffPath } from 'contract/handoff'
import { describe, expect, it } from 'vitest'
import { callsOf, slowCalls } from '../src/calls.ts'
import { takeOver } from '../src/kinds/severed-context.ts'
import { answersFor, chartOf, findingKinds, observe, sentenceOf } from '../src/kinds.ts'
import type { AnalysisStep } from '../src/step.ts'
import { call, step } from './steps.ts'

const slowOf = (steps: readonly AnalysisStep[]) => slowCalls(callsOf(steps)).map(({ step }) => step.span_id)
/** Calls in so many lanes, one after the other in each: 100 ms, or what is said of the one. */
function lanes(count: number, slots: number, msOf: (index: number) => number, more: Partial<AnalysisStep> = {}) {
  const freeAt = Array.from({ length: slots }, () => 0)
  return Array.from({ length: count }, (_, index) => {
    const slot = freeAt.indexOf(Math.min(...freeAt))
    const start = freeAt[slot] as number
    freeAt[slot] = start + msOf(index)
    return call(`c${index}`, start, msOf(index), { ...more })
  })
}

describe('a slow call', () => {
  it('took over three times what the run asked for, even where all did', () => {
    const one = (ms: number) => [call('a', 0, ms, { delay_ms: 100 })]
    expect([slowOf(one(300)), slowOf(one(301))]).toEqual([[], ['a']])
    const all = Array.from({ length: 10 }, (_, index) => call(`c${index}`, index * 800, 800, { delay_ms: 80 }))
    expect(slowOf(all)).toHaveLength(10)
  })

  it('took over three times the median, where nothing says what was asked for', () => {
    expect(slowOf(lanes(40, 4, (index) => (index === 7 ? 301 : 100)))).toEqual(['c7'])
    expect(slowOf(lanes(40, 4, (index) => (index === 7 ? 300 : 100)))).toEqual([])
  })

  it('is slow for its tool: one that is always slow has a median of its own', () => {
    const steps = Array.from({ length: 60 }, (_, index) =>
      call(`c${index}`, index * 10, index % 5 === 0 ? 1500 : index === 22 ? 400 : 80, {
        tool: index % 5 === 0 ? 'mail' : 'search',
      }),
    )
    expect(slowOf(steps)).toEqual(['c22'])
  })

  it('is not one of many that a busy machine made slow at once', () => {
    const isHeld = (index: number) => index >= 40 && index < 60
    expect(slowOf(lanes(100, 20, (index) => (isHeld(index) ? 500 : 100), {}))).toEqual([])
  })

  it('stands out of those that a busy machine held up with it', () => {
    expect(slowOf(lanes(100, 20, (index) => (index === 50 ? 1100 : index >= 40 && index < 60 ? 400 : 100)))).toEqual([
      'c50',
    ])
  })

  it('is none where a tool is to take no time', () => {
    expect(slowOf([call('a', 0, 50, { delay_ms: 0 }), call('b', 0, 0)])).toEqual([])
    expect(slowOf([call('a', 0, 27, { delay_ms: 2 })])).toEqual([])
  })
})

describe('a wait', () => {
  const wait = (from: number, to: number, delay_s?: number) =>
    step('wait', 'root', from, to, { operation: 'human_feedback', name: 'human_feedback', facts: { delay_s } })
  const human = (...steps: AnalysisStep[]) => {
    const end = Math.max(...steps.map(({ end_ms }) => end_ms))
    return observe('idle_wait', [step('root', null, 0, end), ...steps])
  }

  it('that was asked for is no fault, however long', () => {
    const { observed } = human(call('a', 0, 80), wait(80, 3_600_080, 3600), call('b', 3_600_080, 80))
    expect(observed).toMatchObject({ span_ids: [], unasked: [], idle_ms: 3_600_000, processing_ms: 160 })
  })

  it('that went on for longer than was asked for is one', () => {
    const { observed } = human(call('a', 0, 80), wait(80, 5080, 1), call('b', 5080, 80))
    expect(observed.unasked).toEqual([{ span_id: 'wait', name: 'human_feedback', ms: 4000 }])
    expect(observed.span_ids).toEqual(['wait'])
  })

  it('in which nobody was waited for is one, and the step after it says where', () => {
    const observation = human(call('a', 0, 80), wait(80, 1080, 1), call('b', 13_080, 80, { tool: 'mail' }))
    expect(observation.observed.span_ids).toEqual(['b'])
    expect(sentenceOf(observation)).toContain('nobody was asked to wait 12000 ms before the end of execute_tool mail')
  })

  it('that overlaps another is idle time once', () => {
    const { observed } = human(wait(0, 1000), { ...wait(500, 1500), span_id: 'other' }, call('b', 1500, 100))
    expect(observed).toMatchObject({ idle_ms: 1500, processing_ms: 100 })
  })
})

describe('a chunk', () => {
  const chunks = (...all: [kb: number, ms: number][]) =>
    observe(
      'size_latency',
      all.map(([kb, ms], index) =>
        step(`k${index}`, 'root', index * 1000, index * 1000 + ms, {
          operation: 'process_chunk',
          facts: { bytes: kb * 1024 },
        }),
      ),
    )
  const usual = Array.from({ length: 9 }, (_, index): [number, number] => [index + 1, (index + 1) * 20])

  it('that is big, and takes as long as its size explains, is no fault', () => {
    const observation = chunks(...usual, [60, 1200])
    expect(observation.observed.span_ids).toEqual([])
    expect(sentenceOf(observation)).toContain('the slowest took 1200 ms, as its size explains')
  })

  it('that is small and slow is one, though others take longer', () => {
    const observation = chunks(...usual, [2, 170], [60, 1200])
    expect(observation.observed.span_ids).toEqual(['k9'])
    expect(sentenceOf(observation)).toContain('size does not explain one of 2.0 KB (170 ms)')
  })

  it('that is tiny may have a little overhead', () => {
    expect(chunks(...usual, [0.1, 30]).observed.span_ids).toEqual([])
  })
})

it('a request to take over is called by where agents are asked to', () => {
  expect(takeOver).toBe(`POST ${handoffPath}`)
})

it('a hand-over that failed is named, whether others were answered or not', () => {
  const handOver = (id: string, failed: boolean) => step(id, 'root', 0, 50, { operation: 'hand_over', failed })
  const took = step('took', 'good', 10, 40, { operation: 'http_server' })
  const alone = observe('severed_context', [step('root', null, 0, 100), handOver('bad', true)])
  expect([alone.observed.span_ids, sentenceOf(alone)]).toEqual([['bad'], '1 hand-over failed'])
  const beside = observe('severed_context', [
    step('root', null, 0, 100),
    handOver('bad', true),
    handOver('good', false),
    took,
  ])
  expect(beside.observed.span_ids).toEqual(['bad'])
  expect(sentenceOf(beside)).toBe('Nothing was lost at 1 hand-over; 1 hand-over failed')
  expect(chartOf(beside)).toMatchObject({ names: expect.arrayContaining([handoffMethod]), marked: ['bad'] })
})

it('a part that nobody asked for counts no hand-overs that it did not make', () => {
  const part = observe('severed_context', [
    step('took', null, 0, 100, { operation: 'http_server', name: takeOver }),
    step('agent', 'took', 0, 90),
  ])
  expect(answersFor(part, { totalMs: 100, table: [] })).toEqual({
    symptom: 'The request took 100 ms, and nothing says who asked for it.',
    missed: 'No row of the table says which requests belong together.',
  })
})

it('a storm began only where attempts went well before it', () => {
  const attempts = (fails: (index: number) => boolean) =>
    Array.from({ length: 60 }, (_, index) => [
      call(`c${index}`, index * 100, 80, { tool: index % 2 === 0 ? 'mail' : 'search' }),
      step(`a${index}`, `c${index}`, index * 100, index * 100 + 80, {
        operation: 'http_client',
        failed: fails(index),
        facts: { attempt: 0 },
      }),
    ]).flat()
  const late = observe(
    'retry_storm',
    attempts((index) => index >= 30 && index % 2 === 0),
  )
  expect(late.observed.origin).toMatchObject({ faulty: ['mail'], began: { span_id: 'a30', tool: 'mail', after: 15 } })
  expect(sentenceOf(late)).toContain('after 15 of mail that went well')
  const ever = observe(
    'retry_storm',
    attempts((index) => index % 8 === 4),
  )
  expect(ever.observed.origin).toMatchObject({ faulty: ['mail'], began: null })
  expect(sentenceOf(ever)).not.toContain('began')
})

const time = fc.double({ min: 0, max: 1e6, noNaN: true })
const number = fc.option(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()), {
  nil: undefined,
})
const operations =
  'invoke_workflow invoke_agent execute_tool retrieval http_client http_server chat human_feedback process_chunk other'.split(
    ' ',
  )
const hostile = fc.record({
  parent: fc.nat(12),
  operation: fc.constantFrom(...operations),
  start: time,
  length: time,
  failed: fc.boolean(),
  facts: fc.record(
    {
      agent: fc.constantFrom('branch', 'worker'),
      stream: fc.boolean(),
      delay_ms: number,
      concurrency: number,
      delay_s: number,
      bytes: number,
      attempt: number,
      worker_index: number,
      token_interval_ms: number,
    },
    { requiredKeys: [] },
  ),
  events: fc.array(
    fc.record({
      name: fc.constantFrom('first_token', 'last_token', 'background_started', 'background_ended', 'stall', 'retry'),
      time_ms: time,
      tokens: number,
      gap_ms: number,
      next_ms: number,
    }),
    { maxLength: 6 },
  ),
})

it.each(findingKinds)('spans with whatever facts, or none, have figures that are numbers: %s', (kind) => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 12 }), (spans) => {
      const steps = spans.map(({ parent, start, length, ...more }, index) =>
        step(`s${index}`, `s${parent}`, start, start + length, more),
      )
      const observation = observe(kind, steps)
      const known = new Set(steps.map(({ span_id }) => span_id))
      expect(observation.observed.span_ids.filter((id) => !known.has(id))).toEqual([])
      // A NaN would come back as null, which is told apart from what is null by its own doing.
      for (const value of numbersIn(observation.observed)) expect(value).toSatisfy(Number.isFinite)
      expect(sentenceOf(observation)).not.toMatch(/NaN|undefined|Infinity|null/)
    }),
  )
})

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}
