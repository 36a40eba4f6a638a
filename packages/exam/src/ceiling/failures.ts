import { percentile } from 'findings/statistics'
import { fieldOf } from '../table/rows.ts'
import type { Step, Table } from '../table/table.ts'
import { waitsFor } from './asking.ts'
import { type Detector, type Found, isWaitedFor, removed } from './detector.ts'

const indicesOf = (steps: readonly Step[], is: (step: Step) => boolean) =>
  steps.flatMap((step, index) => (is(step) ? [index] : []))

/** Failed, and nobody answered these arguments later, though somebody needs that. */
export const failed: Detector = ({ steps }, usual) => {
  const answered = new Set(steps.filter(({ failure }) => failure === null).map(({ args }) => args))
  const lost = indicesOf(
    steps,
    ({ failure, args }) => failure !== null && !answered.has(args) && fieldOf(args, 'optional') !== true,
  )
  // Without the failure, the first attempt would have been all.
  return [...Map.groupBy(lost, (index) => steps[index]?.args).values()].map((group) => ({
    kinds: ['failed'],
    steps: group,
    instead: (step, index) =>
      index === group[0]
        ? { ms: usual.expected({ ...step, failure: null }) ?? step.ms, gap_ms: step.gap_ms }
        : removed(),
  }))
}

const toolsOf = (steps: readonly Step[]) => new Set(steps.filter(({ kind }) => kind === 'tool').map(({ name }) => name))
const isFailing = ({ failure }: Step) => failure === 'unavailable'

/** How many calls of a tool a run has, and how many of their first attempts failed. */
function firstsOf({ steps }: Table, tool: string): { count: number; failing: number } {
  const first = new Map<string, Step>()
  for (const step of steps) if (step.name === tool && !first.has(step.args)) first.set(step.args, step)
  return { count: first.size, failing: [...first.values()].filter(isFailing).length }
}

/** A steady tool fails its first attempts no more often than this by itself; of one that is flaky in most runs, runs say it. */
const leastRate = 0.08

/** In up to a fifth of the runs a tool is faulty: this share of all of them is the middle of the others. */
const middle = 0.4

/** How often each tool fails by itself: in the middle of the runs in which it is not faulty. */
export function learnFailing(tables: readonly Table[]): ReadonlyMap<string, number> {
  const tools = toolsOf(tables.flatMap(({ steps }) => steps))
  return new Map(
    [...tools].map((tool) => {
      const firsts = tables.map((table) => firstsOf(table, tool)).filter(({ count }) => count > 0)
      return [
        tool,
        Math.max(
          leastRate,
          percentile(
            firsts.map(({ count, failing }) => failing / count),
            middle,
          ),
        ),
      ]
    }),
  )
}

/** A tool that fails far beyond its rate: all its failing attempts. */
export const faultyTool: Detector = (table, { failing: rates }) =>
  [...toolsOf(table.steps)].flatMap((tool): Found[] => {
    const { count, failing } = firstsOf(table, tool)
    const rate = rates.get(tool) ?? leastRate
    const sigma = Math.sqrt(count * rate * (1 - rate))
    if (failing < 3 || failing - rate * count <= 4 * sigma) return []
    const steps = indicesOf(table.steps, (step) => step.name === tool && isFailing(step))
    return [{ kinds: ['faulty_tool'], steps, instead: removed }]
  })

/** A refusal that will not change, asked again unchanged: it was never answered. */
export const notRetryable: Detector = ({ steps }) =>
  [
    ...Map.groupBy(
      indicesOf(steps, ({ kind }) => kind === 'tool'),
      (index) => steps[index]?.args,
    ).values(),
  ]
    .filter((group) => group.length > 2 && group.every((index) => steps[index]?.failure === 'invalid'))
    .map((group) => ({ kinds: ['not_retryable'], steps: group, instead: removed }))

/** Less is an agent at work. */
const leastGapMs = 150
const usualGapMs = 10

/** Time that belongs to no call, and that nobody asked for. */
export const gap: Detector = (table) =>
  indicesOf(table.steps, (step) => step.job >= 0 && step.gap_ms > leastGapMs && waitsFor(step) < step.gap_ms / 2)
    .map((index): Found => {
      const [before, step] = [table.steps[index - 1], table.steps[index]]
      const isResent = before?.failure !== null && before?.args === step?.args
      return {
        ...(isResent ? { kinds: ['backoff'] } : { kinds: ['gap', 'late_start'], blames: 'agent' }),
        steps: [index],
        instead: ({ ms }) => ({ ms, gap_ms: usualGapMs }),
      }
    })
    .filter((found) => isWaitedFor(table, found))
