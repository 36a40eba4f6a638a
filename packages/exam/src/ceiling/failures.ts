import type { Step } from '../table/table.ts'
import { type Detector, type Found, isWaitedFor, removed } from './detector.ts'

const indicesOf = (steps: readonly Step[], is: (step: Step) => boolean) =>
  steps.flatMap((step, index) => (is(step) ? [index] : []))

/** Failed, and nobody answered these arguments later. */
export const failed: Detector = ({ steps }, usual) => {
  const answered = new Set(steps.filter(({ failure }) => failure === null).map(({ args }) => args))
  const lost = indicesOf(steps, ({ failure, args }) => failure !== null && !answered.has(args))
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

/** No tool fails its first attempts more often than this by itself. */
const usualRate = 0.08

/** A tool that fails far beyond its rate: all its failing attempts. */
export const faultyTool: Detector = ({ steps }) =>
  [...new Set(steps.filter(({ kind }) => kind === 'tool').map(({ name }) => name))].flatMap((tool): Found[] => {
    const isFailing = ({ name, failure }: Step) => name === tool && failure === 'unavailable'
    const first = new Map<string, Step>()
    for (const step of steps) if (step.name === tool && !first.has(step.args)) first.set(step.args, step)
    const failing = [...first.values()].filter(isFailing).length
    const over = failing - usualRate * first.size
    const sigma = Math.sqrt(first.size * usualRate * (1 - usualRate))
    if (failing < 3 || over <= 4 * sigma) return []
    return [{ kinds: ['faulty_tool'], steps: indicesOf(steps, isFailing), instead: removed }]
  })

/** A refusal that will not change, asked again unchanged: it was never answered. */
export const notRetryable: Detector = ({ steps }) =>
  [...Map.groupBy(indicesOf(steps, ({ kind }) => kind === 'tool'), (index) => steps[index]?.args).values()]
    .filter((group) => group.length > 2 && group.every((index) => steps[index]?.failure === 'invalid'))
    .map((group) => ({ kinds: ['not_retryable'], steps: group, instead: removed }))

/** Less is an agent at work. */
const leastGapMs = 150
const usualGapMs = 10

/** Time that belongs to no call, and that nobody asked for. */
export const gap: Detector = (table) =>
  indicesOf(table.steps, ({ job, gap_ms, asked_ms }) => job >= 0 && gap_ms > leastGapMs && asked_ms < gap_ms / 2)
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
