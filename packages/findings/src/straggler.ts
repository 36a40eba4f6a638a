import { makespan } from './schedule.ts'
import { type Distribution, distribution, median } from './statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, withOperation } from './step.ts'

/** A call over this many times the median call is a straggler. */
export const stragglerRule = 3

export interface Stragglers extends Observed {
  /** Of all tool calls. */
  calls: Distribution
  /** Of all but the stragglers. */
  others: Distribution
  stragglers: { span_id: string; agent_id: string | null; ms: number }[]
  /** How much earlier the batch would have ended with the stragglers at the others' median, ms. */
  saving_ms: number
}

/**
 * Calls that took over three times the median. The saving is the makespan of the list schedule (measured durations, in
 * order of start, at the run's concurrency) minus that of the same schedule with the stragglers at the others' median.
 */
export function stragglers(steps: readonly AnalysisStep[]): Stragglers {
  const calls = byStart(withOperation(steps, 'execute_tool'))
  const durations = calls.map(durationOf)
  const limit = stragglerRule * median(durations)
  const isSlow = durations.map((ms) => ms > limit)
  const others = durations.filter((_, index) => !isSlow[index])
  const planner = steps.find(({ facts }) => facts.concurrency !== undefined)
  const slots = planner?.facts.concurrency ?? Math.max(1, calls.length)
  const usual = median(others)
  const without = durations.map((ms, index) => (isSlow[index] ? usual : ms))
  const slow = calls.filter((_, index) => isSlow[index])
  return {
    span_ids: slow.map(({ span_id }) => span_id),
    calls: distribution(durations),
    others: distribution(others),
    stragglers: slow.map((call) => ({ span_id: call.span_id, agent_id: call.agent_id, ms: round(durationOf(call)) })),
    saving_ms: round(makespan(durations, slots) - makespan(without, slots)),
  }
}
