import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation, workflowOf } from './step.ts'

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
export function cumulativeLatency(steps: readonly AnalysisStep[]): CumulativeLatency {
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
