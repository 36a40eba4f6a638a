import { type AnalysisStep, durationOf, type Observed, round, sum, withOperation, workflowOf } from './step.ts'

export interface IdleWait extends Observed {
  total_ms: number
  idle_ms: number
  processing_ms: number
  /** Of the total, that was idle: 0 to 1. */
  idle_share: number
}

/** Waiting for a person, told apart from work. */
export function idleWait(steps: readonly AnalysisStep[]): IdleWait {
  const waits = withOperation(steps, 'human_feedback')
  const workflow = workflowOf(steps)
  const total = workflow ? durationOf(workflow) : 0
  const idle = sum(waits.map(durationOf))
  return {
    span_ids: waits.map(({ span_id }) => span_id),
    total_ms: round(total),
    idle_ms: round(idle),
    processing_ms: round(total - idle),
    idle_share: total > 0 ? round(idle / total) : 0,
  }
}
