import { defineFinding, saving } from '../finding.ts'
import { count, ms, whole } from '../format.ts'
import { savingOf } from '../batch.ts'
import * as say from '../sentence.ts'
import { type Call, type CallFigures, callsOf, describeCall, failedCalls, idsOf, slowCalls } from '../calls.ts'
import { type Distribution, distribution, median } from '../statistics.ts'
import { type AnalysisStep, durationOf, type Observed } from '../step.ts'

export interface Stragglers extends Observed {
  /** Of all tool calls. */
  calls: Distribution
  /** Of all but the stragglers. */
  others: Distribution
  stragglers: CallFigures[]
  /** Calls that gave up. */
  failed_calls: number
  /** How much earlier the batch would have ended with the stragglers at the others' median, ms. */
  saving_ms: number
}

/** Calls that are slow beside the others. The saving is that of the batch with the stragglers at the others' median. */
function observe(steps: readonly AnalysisStep[]): Stragglers {
  const calls = callsOf(steps)
  const durations = calls.map(({ step }) => durationOf(step))
  const slow = slowCalls(calls)
  const failed = failedCalls(calls)
  const isSlow = new Set(slow)
  const others = durations.filter((_, index) => !isSlow.has(calls[index] as Call))
  const usual = median(others)
  return {
    span_ids: idsOf(slow, failed),
    calls: distribution(durations),
    others: distribution(others),
    stragglers: slow.map(describeCall),
    failed_calls: failed.length,
    saving_ms: savingOf(steps, calls, (call) => (isSlow.has(call) ? durationOf(call.step) - usual : 0)),
  }
}

export const straggler = defineFinding({
  cause: { fault: 'straggler' },
  observe,
  sentence: ({ stragglers, others, failed_calls, saving_ms }) => {
    if (others.count + stragglers.length === 0) return say.noCalls
    const failed = say.failed(failed_calls)
    if (stragglers.length === 0)
      return `None of the ${others.count} calls was slow: their median is ${say.ms(others.p50_ms)}, their p99 ${say.ms(others.p99_ms)}${failed}`
    const [first] = stragglers
    const rest = `the other ${others.count} had a median of ${say.ms(others.p50_ms)}; without ${stragglers.length === 1 ? 'it' : 'them'} the run would have ended ${say.ms(saving_ms)} earlier${failed}`
    return first && stragglers.length === 1
      ? `${first.agent_id ?? 'A call'} took ${say.ms(first.ms)}; ${rest}`
      : `${say.calls(stragglers)} were slow; ${rest}`
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
  chart: ({ calls, stragglers }) => ({
    shape: 'strip',
    title: 'Every tool call by its duration',
    marked: stragglers.map(({ span_id }) => span_id),
    lines: (['mean', 'p95', 'p99'] as const).map((name) => ({ name, ms: calls[`${name}_ms`] })),
  }),
})
