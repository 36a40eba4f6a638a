import { defineFinding, saving } from '../finding.ts'
import { count, ms } from '../format.ts'
import { callsOf, type CallTrouble, excessOf, troubleOf } from '../calls.ts'
import * as say from '../sentence.ts'
import { median } from '../statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

export interface StepVariance extends Observed, CallTrouble {
  steps: number
  /** `stop` when the agent was done, `length` when it ran out of steps, `content_filter` or `failure` when its model failed. */
  stopped_by: string
  thinking_ms: number
  acting_ms: number
  /** What slow calls took beyond what is usual, ms. */
  tool_ms: number
  /** What steps after the first took, each as long as is usual, ms. */
  steps_ms: number
  /** The larger of the two; null where there was one step, and it was not slow. */
  explained_by: 'tool' | 'steps' | null
}

/** Whether a run of an agent's loop was long for its steps or for its tools. */
function observe(steps: readonly AnalysisStep[]): StepVariance {
  const calls = callsOf(steps)
  const chats = byStart(withOperation(steps, 'chat'))
  const last = chats.at(-1)
  const { slow, ids, figures } = troubleOf(calls)
  const toolMs = excessOf(slow)
  const usualCall = median(calls.map(({ ms, usual_ms }) => Math.min(ms, usual_ms)))
  const stepsMs = Math.max(0, calls.length - 1) * (usualCall + median(chats.map(durationOf)))
  return {
    span_ids: ids,
    steps: calls.length,
    stopped_by: last?.failed ? 'failure' : (last?.facts.finish_reason ?? ''),
    thinking_ms: round(sum(chats.map(durationOf))),
    acting_ms: round(sum(calls.map(({ step }) => durationOf(step)))),
    ...figures,
    tool_ms: round(toolMs),
    steps_ms: round(stepsMs),
    explained_by: toolMs > stepsMs ? 'tool' : stepsMs > 0 ? 'steps' : null,
  }
}

const ends: Readonly<Record<string, string>> = {
  length: 'there were no more',
  content_filter: 'the model failed',
  failure: 'the model failed',
}
const reasons = { tool: 'slow tools explain the time', steps: 'the number of steps explains the time' }

export const stepVariance = defineFinding({
  cause: { fault: 'slow_tool' },
  observe,
  sentence: ({ steps, stopped_by, thinking_ms, acting_ms, slow, failed_calls, tool_ms, steps_ms, explained_by }) => {
    const calls =
      slow.length === 0
        ? 'no call was slow'
        : `${slow.length} of ${say.count(steps, 'call')} ${slow.length === 1 ? 'was' : 'were'} slow: ${say.calls(slow, 'tool')}`
    const why = explained_by
      ? `${reasons[explained_by]} (${say.ms(tool_ms)} of slow calls, ${say.ms(steps_ms)} of further steps)`
      : 'there is nothing to explain'
    return `${say.count(steps, 'step')} until ${ends[stopped_by] ?? 'the agent was done'}: ${say.ms(thinking_ms)} thinking, ${say.ms(acting_ms)} acting; ${calls}; ${why}${say.failed(failed_calls)}`
  },
  questions: ({ steps, slow }, { totalMs, table }) => {
    const tools = table.filter(({ name }) => name.startsWith('execute_tool'))
    const p99 = tools.reduce((most, { p99_ms }) => Math.max(most, p99_ms), 0)
    return {
      symptom: `This request took ${ms(totalMs)} and ${count(steps, 'step')}; the next one may take one.`,
      missed: `The table has the tools' p99 (${ms(p99)}) and the request's ${ms(totalMs)}. Whether the time went into ${count(slow.length, 'slow call')} or into ${count(steps, 'step')}, no row can tell.`,
    }
  },
  without: ({ tool_ms }) => saving(tool_ms, 'the slow calls at what is usual for their tools'),
  chart: ({ slow }) => ({
    shape: 'stack',
    title: 'Thinking and acting, in order',
    names: ['chat', 'execute_tool'],
    marked: slow.map(({ span_id }) => span_id),
  }),
})
