import { defineFinding, saving } from '../finding.ts'
import { count, ms, percent } from '../format.ts'
import { callsOf, type CallTrouble, troubleOf } from '../calls.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, durationOf, type Observed, round, sum, withOperation, workflowOf } from '../step.ts'

export interface CumulativeLatency extends Observed, CallTrouble {
  /** Tool calls one after the other. */
  depth: number
  total_ms: number
  tools_ms: number
  /** What the model took, which is asked before each call. */
  model_ms: number
  /** What is neither. */
  between_ms: number
  /** Of the total, that the longest call takes: small, which is the point. */
  largest_share: number
}

/** Many small latencies on one path: the length is a figure, and no call is to blame for it. `span_ids` are calls that are slow by themselves. */
function observe(steps: readonly AnalysisStep[]): CumulativeLatency {
  const calls = callsOf(steps)
  const times = calls.map(({ step }) => durationOf(step))
  const workflow = workflowOf(steps)
  const total = workflow ? durationOf(workflow) : 0
  const tools = sum(times)
  const model = sum(withOperation(steps, 'chat').map(durationOf))
  const longest = times.reduce((most, ms) => Math.max(most, ms), 0)
  const { ids, figures } = troubleOf(calls)
  return {
    span_ids: ids,
    depth: calls.length,
    total_ms: round(total),
    tools_ms: round(tools),
    model_ms: round(model),
    between_ms: round(Math.max(0, total - tools - model)),
    largest_share: total > 0 ? round(Math.min(1, longest / total)) : 0,
    ...figures,
  }
}

export const cumulativeLatency = defineFinding({
  cause: { remedy: { changes: { delay_ms: 0 }, label: 'tools that take no time' } },
  observe,
  sentence: ({ depth, total_ms, tools_ms, model_ms, between_ms, largest_share, slow, failed_calls }) => {
    if (depth === 0) return say.noCalls
    const calls = depth === 1 ? 'One call' : `${depth} calls one after the other`
    const parts = `${calls} took ${say.ms(total_ms)}: ${say.ms(tools_ms)} in tools, ${say.ms(model_ms)} in the model, ${say.ms(between_ms)} beside them`
    const largest =
      slow.length > 0
        ? `; ${say.calls(slow)} ${slow.length === 1 ? 'was' : 'were'} slow`
        : depth > 1
          ? `, and none more than ${say.percent(largest_share)} of it`
          : ''
    return `${parts}${largest}${say.failed(failed_calls)}`
  },
  questions: ({ depth, total_ms, largest_share }, { table }) => {
    const slowest = table.reduce(
      (most, each) => (each.name.startsWith('execute_tool') && each.p99_ms > most ? each.p99_ms : most),
      0,
    )
    return {
      symptom: `The request took ${ms(total_ms)} from end to end, and its slowest call ${ms(largest_share * total_ms)}: ${percent(largest_share)} of it.`,
      missed: `No tool's p99 is above ${ms(slowest)}: every row of the table looks well. That ${count(depth, 'call')} hung one on the other is in none of them.`,
    }
  },
  without: ({ tools_ms }) => saving(tools_ms, 'all the time that the calls took, one after the other'),
  chart: ({ slow }) => ({
    shape: 'stack',
    title: 'Thoughts and calls of the chain, one after the other',
    names: ['chat', 'execute_tool'],
    marked: slow.map(({ span_id }) => span_id),
  }),
})
