import { defineFinding, saving } from '../finding.ts'
import { count, ms, whole } from '../format.ts'
import * as say from '../sentence.ts'
import { makespan } from '../schedule.ts'
import { type Distribution, distribution, median } from '../statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, withOperation } from '../step.ts'

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
function observe(steps: readonly AnalysisStep[]): Stragglers {
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

export const straggler = defineFinding({
  cause: { fault: 'straggler' },
  observe,
  sentence: ({ stragglers, others, saving_ms }) => {
    if (stragglers.length === 0)
      return `None of the ${others.count} calls took over three times the median of ${say.ms(others.p50_ms)}`
    const names = say.list(stragglers.map(({ agent_id }) => agent_id ?? 'a call'))
    const times = say.list(stragglers.map(({ ms }) => String(Math.round(ms))))
    return `${names} took ${times} ms; the other ${others.count} had a median of ${say.ms(others.p50_ms)}; without ${stragglers.length === 1 ? 'it' : 'them'} the run would have ended ${say.ms(saving_ms)} earlier`
  },
  questions: ({ calls, others, stragglers }, { totalMs }) => {
    const times = calls.mean_ms > 0 ? (totalMs / calls.mean_ms).toFixed(0) : '–'
    return {
      symptom: `The batch took ${ms(totalMs)}, ${times} times its average call. Of ${count(calls.count, 'call')} the p99 is ${ms(calls.p99_ms)}, the p95 ${ms(calls.p95_ms)}.`,
      missed: `${count(stragglers.length, 'slow call')} of ${whole(calls.count)} ${stragglers.length === 1 ? 'moves' : 'move'} the mean from ${ms(others.mean_ms)} to ${ms(calls.mean_ms)}, and the median not at all. No row of the table says which batch waited.`,
    }
  },
  without: ({ saving_ms }) =>
    saving(saving_ms, 'the same order of calls, with the slow ones at the median of the others'),
  chart: ({ calls, span_ids }) => ({
    shape: 'strip',
    title: 'Every tool call by its duration',
    marked: span_ids,
    lines: (['mean', 'p95', 'p99'] as const).map((name) => ({ name, ms: calls[`${name}_ms`] })),
  }),
})
