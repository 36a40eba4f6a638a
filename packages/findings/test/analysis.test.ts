import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { walkCriticalPath } from '../src/critical-path.ts'
import { findingKinds, observe } from '../src/kinds.ts'
import { makespan } from '../src/schedule.ts'
import { fitLine, percentile } from '../src/statistics.ts'
import type { AnalysisStep } from '../src/step.ts'
import { step } from './steps.ts'

const exclusiveOf = (steps: AnalysisStep[]) =>
  Object.fromEntries([...walkCriticalPath(steps, steps[0] as AnalysisStep)].map(([{ span_id }, ms]) => [span_id, ms]))

describe('the critical path', () => {
  it('goes through the child that finished last, and back from its start', () => {
    const steps = [
      step('root', null, 0, 100),
      step('early', 'root', 10, 30),
      step('slow', 'root', 35, 80),
      step('fast', 'root', 35, 50),
    ]
    expect(exclusiveOf(steps)).toEqual({ root: 35, slow: 45, early: 20 })
  })

  it('leaves out what overlaps the one that was waited for', () => {
    const steps = [
      step('root', null, 0, 100),
      step('first', 'root', 0, 60),
      step('overlapping', 'root', 40, 70),
      step('last', 'root', 60, 100),
    ]
    expect(exclusiveOf(steps)).toEqual({ root: 0, last: 40, first: 60 })
  })

  it('clips a child to its parent', () => {
    expect(exclusiveOf([step('root', null, 10, 50), step('child', 'root', 0, 60)])).toEqual({ root: 0, child: 40 })
  })

  it('breaks ties by span id', () => {
    const steps = [step('root', null, 0, 10), step('b', 'root', 0, 10), step('a', 'root', 0, 10)]
    expect(Object.keys(exclusiveOf(steps))).toEqual(['root', 'a'])
    expect(
      exclusiveOf(steps.toReversed().toSorted((x, y) => (x.span_id === 'root' ? -1 : y.span_id === 'root' ? 1 : 0))),
    ).toEqual(exclusiveOf(steps))
  })

  it('looks at one service only', () => {
    const steps = [step('root', null, 0, 10), step('theirs', 'root', 2, 9, { service: 'tools' })]
    expect(exclusiveOf(steps)).toEqual({ root: 10 })
  })

  it('adds up to the duration of its root, whatever the tree', () => {
    const tree = fc.array(fc.record({ parent: fc.nat(), start: fc.nat(1000), length: fc.nat(400) }), { maxLength: 60 })
    fc.assert(
      fc.property(tree, (nodes) => {
        const steps = [step('root', null, 0, 1000)]
        for (const [index, { parent, start, length }] of nodes.entries()) {
          steps.push(step(`s${index}`, (steps[parent % steps.length] as AnalysisStep).span_id, start, start + length))
        }
        const exclusive = Object.values(exclusiveOf(steps))
        expect(exclusive.every((ms) => ms >= 0)).toBe(true)
        expect(exclusive.reduce((a, b) => a + b, 0)).toBeCloseTo(1000, 6)
      }),
    )
  })

  it('walks a stack of 20,000 without one of its own', () => {
    const steps = [step('0', null, 0, 40_000)]
    for (let depth = 1; depth < 20_000; depth++)
      steps.push(step(String(depth), String(depth - 1), depth, 40_000 - depth))
    const { path, total_ms } = observe('critical_path', steps).observed
    expect(path).toHaveLength(20_000)
    expect(path.reduce((sum, { exclusive_ms }) => sum + exclusive_ms, 0)).toBeCloseTo(total_ms, 3)
  })
})

describe('the makespan of a list schedule', () => {
  it.each([
    [[], 3, 0],
    [[5], 3, 5],
    [[3, 3, 3], 1, 9],
    [[4, 2, 2, 2], 2, 6],
    [[1, 1, 10], 2, 11],
  ])('of %j on %i slots is %i', (durations, slots, expected) => {
    expect(makespan(durations, slots)).toBe(expected)
  })

  it('is what a schedule worked out slot by slot gives', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { maxLength: 80 }), fc.integer({ min: 1, max: 20 }), (durations, slots) => {
        const freeAt = Array.from({ length: slots }, () => 0)
        for (const duration of durations) {
          const slot = freeAt.indexOf(Math.min(...freeAt))
          freeAt[slot] = (freeAt[slot] as number) + duration
        }
        expect(makespan(durations, slots)).toBe(Math.max(0, ...freeAt))
      }),
    )
  })
})

describe('statistics', () => {
  it('take percentiles by nearest rank', () => {
    const values = [15, 20, 35, 40, 50]
    expect([0.05, 0.3, 0.4, 0.5, 1].map((p) => percentile(values, p))).toEqual([15, 20, 20, 35, 50])
    expect(percentile([], 0.5)).toBe(0)
  })

  it('fit a line by least squares, with Pearson’s r', () => {
    const { slope, r } = fitLine([1, 2, 3, 4].map((x) => ({ x, y: 3 * x + 1 })))
    expect(slope).toBeCloseTo(3)
    expect(r).toBeCloseTo(1)
    expect(
      fitLine([
        { x: 1, y: 1 },
        { x: 2, y: 5 },
      ]).r,
    ).toBeNull()
    expect(fitLine([1, 1, 1].map((x, y) => ({ x, y })))).toEqual({ slope: null, r: null })
    expect(
      fitLine([
        { x: 0, y: 2 },
        { x: 1, y: 1 },
        { x: 2, y: 3 },
      ]).r,
    ).toBeCloseTo(0.5)
  })
})

describe('an observation', () => {
  it('does not depend on the order in which spans come', () => {
    const calls = Array.from({ length: 30 }, (_, index) =>
      step(`call-${index}`, 'root', index, index + (index === 7 ? 500 : 50), { operation: 'execute_tool' }),
    )
    const steps = [step('root', null, 0, 600), ...calls]
    const expected = observe('straggler', steps)
    fc.assert(
      fc.property(fc.shuffledSubarray(steps, { minLength: steps.length }), (shuffled) => {
        expect(observe('straggler', shuffled)).toEqual(expected)
      }),
    )
    expect(expected.observed.span_ids).toEqual(['call-7'])
  })

  it.each(findingKinds)('of an empty trace finds nothing, and fails at nothing: %s', (kind) => {
    expect(observe(kind, []).observed.span_ids).toEqual([])
  })
})
