import type { Call } from './calls.ts'
import { makespan } from './schedule.ts'
import { type AnalysisStep, byStart, durationOf, round, sum, withOperation } from './step.ts'

/**
 * How much earlier a batch of calls would have ended if each had taken so much less, ms: the list schedule of what took its slots,
 * as long as it was measured and in order of start, and the same without that. As many at a time as the planner says, or all.
 */
export function savingOf(
  steps: readonly AnalysisStep[],
  calls: readonly Call[],
  lessMs: (call: Call) => number,
): number {
  const tasks = tasksOf(steps, calls)
  const inOrder = byStart([...tasks.keys()])
  const slots = slotsOf(steps) ?? inOrder.length
  const before = inOrder.map(durationOf)
  const after = inOrder.map((task) => durationOf(task) - sum((tasks.get(task) ?? []).map(lessMs)))
  return round(makespan(before, slots) - makespan(after, slots))
}

/** What takes a slot, with its calls: the agent that makes them, with all that it does beside, or a call by itself. */
function tasksOf(steps: readonly AnalysisStep[], calls: readonly Call[]): Map<AnalysisStep, Call[]> {
  const agents = withOperation(steps, 'invoke_agent')
  const callers = new Set(agents.map(({ parent_span_id }) => parent_span_id))
  const workers = new Map(agents.flatMap((agent) => (callers.has(agent.span_id) ? [] : [[agent.span_id, agent]])))
  return Map.groupBy(calls, ({ step }) => workers.get(step.parent_span_id ?? '') ?? step)
}

/** Calls at the same time at most, as the planner says. */
function slotsOf(steps: readonly AnalysisStep[]): number | undefined {
  return steps.find(({ facts }) => (facts.concurrency ?? 0) >= 1)?.facts.concurrency
}
