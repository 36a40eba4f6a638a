import { defineFinding, saving } from '../finding.ts'
import { count, ms, percent } from '../format.ts'
import * as say from '../sentence.ts'
import {
  type AnalysisStep,
  byStart,
  durationOf,
  type Observed,
  round,
  sum,
  withOperation,
  workflowOf,
} from '../step.ts'

export interface CumulativeLatency extends Observed {
  /** Tool calls one after the other. */
  depth: number
  total_ms: number
  tools_ms: number
  /** Between the calls: everything that is not a tool. */
  between_ms: number
  /** Of the total, that the longest call takes: small, which is the point. */
  largest_share: number
}

/** Many small latencies on one path. */
function observe(steps: readonly AnalysisStep[]): CumulativeLatency {
  const calls = byStart(withOperation(steps, 'execute_tool'))
  const workflow = workflowOf(steps)
  const total = workflow ? durationOf(workflow) : 0
  const tools = sum(calls.map(durationOf))
  const longest = calls.reduce((most, call) => Math.max(most, durationOf(call)), 0)
  return {
    span_ids: calls.map(({ span_id }) => span_id),
    depth: calls.length,
    total_ms: round(total),
    tools_ms: round(tools),
    between_ms: round(total - tools),
    largest_share: total > 0 ? round(longest / total) : 0,
  }
}

export const cumulativeLatency = defineFinding({
  cause: { remedy: { changes: { delay_ms: 0 }, label: 'tools that take no time' } },
  observe,
  sentence: ({ depth, total_ms, tools_ms, between_ms, largest_share }) => {
    return `${depth} calls one after the other took ${say.ms(total_ms)}: ${say.ms(tools_ms)} in tools, ${say.ms(between_ms)} between them, and none more than ${say.percent(largest_share)} of it`
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
  chart: () => ({
    shape: 'stack',
    title: 'The calls of the chain, one after the other',
    operations: ['execute_tool'],
  }),
})
