import { defineFinding, saving } from '../finding.ts'
import { ms, percent } from '../format.ts'
import { callsOf, type CallTrouble, troubleOf } from '../calls.ts'
import { mergedTimes, totalOf } from '../intervals.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, withOperation, workflowOf } from '../step.ts'

/** From so long on it is no overhead that nothing happened, ms. */
const idleMs = 1000
/** A person is late over this many times what they were asked for, and `idleMs` beyond it. */
const lateRule = 1.5

/** A wait that nobody was asked for. */
export interface UnaskedWait {
  /** The wait that went on for too long, or the step that came after it was idle. */
  span_id: string
  name: string
  /** How long nothing happened, or beyond what was asked for, ms. */
  ms: number
}

export interface IdleWait extends Observed, CallTrouble {
  total_ms: number
  idle_ms: number
  processing_ms: number
  /** Of the total, that was idle: 0 to 1. */
  idle_share: number
  /** Empty where all that was waited for had been asked for. */
  unasked: UnaskedWait[]
}

/** Waiting for a person, told apart from work. To wait as long as was asked for is no fault: `span_ids` are waits that nobody was asked for, slow calls and failed ones. */
function observe(steps: readonly AnalysisStep[]): IdleWait {
  const waits = withOperation(steps, 'human_feedback')
  const workflow = workflowOf(steps)
  const total = workflow ? durationOf(workflow) : 0
  const idle = Math.min(total, totalOf(mergedTimes(waits)))
  const unasked = [...waits.flatMap(lateBy), ...unusedTimes(steps)]
  const { ids, figures } = troubleOf(callsOf(steps))
  return {
    span_ids: [...new Set([...unasked.map(({ span_id }) => span_id), ...ids])],
    total_ms: round(total),
    idle_ms: round(idle),
    processing_ms: round(total - idle),
    idle_share: total > 0 ? round(idle / total) : 0,
    unasked,
    ...figures,
  }
}

function lateBy(wait: AnalysisStep): UnaskedWait[] {
  const { delay_s = -1 } = wait.facts
  if (delay_s < 0) return []
  const beyond = durationOf(wait) - Math.max(lateRule * delay_s * 1000, delay_s * 1000 + idleMs)
  return beyond > 0 ? [{ span_id: wait.span_id, name: wait.name, ms: round(durationOf(wait) - delay_s * 1000) }] : []
}

/** Times in which nobody worked and nobody was waited for, by the step that came after. */
function unusedTimes(steps: readonly AnalysisStep[]): UnaskedWait[] {
  const inOrder = byStart(steps.filter(({ operation }) => !envelopes.has(operation)))
  let end = inOrder[0]?.start_ms ?? 0
  const found: UnaskedWait[] = []
  for (const { span_id, name, start_ms, end_ms } of inOrder) {
    if (start_ms - end > idleMs) found.push({ span_id, name, ms: round(start_ms - end) })
    end = Math.max(end, end_ms)
  }
  return found
}

/** What only holds the work of others. */
const envelopes = new Set(['http_server', 'invoke_workflow', 'invoke_agent'])

export const idleWait = defineFinding({
  cause: { remedy: { changes: { human_delay_s: 0 }, label: 'a person who answers at once' } },
  observe,
  sentence: ({ total_ms, idle_ms, processing_ms, idle_share, unasked, slow, failed_calls }) => {
    const waited =
      idle_ms > 0
        ? `${say.ms(idle_ms)} of ${say.ms(total_ms)} (${say.percent(idle_share)}) were spent waiting for a person, ${say.ms(processing_ms)} working`
        : `Nobody was waited for: ${say.ms(total_ms)} of work`
    const lost = unasked.map(({ name, ms }) => `${say.ms(ms)} before the end of ${name}`)
    const idle = lost.length === 0 ? '' : `; nobody was asked to wait ${say.list(lost)}`
    return `${waited}${idle}${say.slow(slow)}${say.failed(failed_calls)}`
  },
  questions: ({ total_ms, idle_ms, idle_share }) => {
    return {
      symptom: `The request was open for ${ms(total_ms)}, ${percent(idle_share)} of it without any work.`,
      missed: `In the table human_feedback is the slowest operation, with a mean of ${ms(idle_ms)}, and the request counts as one of ${ms(total_ms)}: it looks like a hanging server.`,
    }
  },
  without: ({ idle_ms }) => saving(idle_ms, 'the time that was waited'),
  chart: ({ slow }) => ({
    shape: 'stack',
    title: 'Work and waiting',
    names: ['chat', 'execute_tool', 'human_feedback', 'checkpoint'],
    marked: slow.map(({ span_id }) => span_id),
  }),
})
