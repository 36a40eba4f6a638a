import { defineFinding, saving } from '../finding.ts'
import { ms, percent } from '../format.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, durationOf, type Observed, round, sum, withOperation, workflowOf } from '../step.ts'

export interface IdleWait extends Observed {
  total_ms: number
  idle_ms: number
  processing_ms: number
  /** Of the total, that was idle: 0 to 1. */
  idle_share: number
}

/** Waiting for a person, told apart from work. */
function observe(steps: readonly AnalysisStep[]): IdleWait {
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

export const idleWait = defineFinding({
  cause: { remedy: { changes: { human_delay_s: 0 }, label: 'a person who answers at once' } },
  observe,
  sentence: ({ total_ms, idle_ms, processing_ms, idle_share }) => {
    return `${say.ms(idle_ms)} of ${say.ms(total_ms)} (${say.percent(idle_share)}) were spent waiting for a person, ${say.ms(processing_ms)} working`
  },
  questions: ({ total_ms, idle_ms, idle_share }) => {
    return {
      symptom: `The request was open for ${ms(total_ms)}, ${percent(idle_share)} of it without any work.`,
      missed: `In the table human_feedback is the slowest operation, with a mean of ${ms(idle_ms)}, and the request counts as one of ${ms(total_ms)}: it looks like a hanging server.`,
    }
  },
  without: ({ idle_ms }) => saving(idle_ms, 'the time that was waited'),
  chart: () => ({
    shape: 'stack',
    title: 'Work and waiting',
    operations: ['chat', 'execute_tool', 'human_feedback', 'checkpoint'],
  }),
})
