import { defineFinding, saving } from '../finding.ts'
import { count, ms } from '../format.ts'
import * as say from '../sentence.ts'
import { median } from '../statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

/** A call over this many times the run's tool latency is slow. */
export const slowRule = 3

export interface StepVariance extends Observed {
  steps: number
  /** `stop` when the agent was done, `length` when it ran out of steps. */
  stopped_by: string
  thinking_ms: number
  acting_ms: number
  /** What tools took beyond the run's latency, ms. */
  tool_ms: number
  /** What steps after the first took, at the median step, ms. */
  steps_ms: number
  /** The larger of the two. */
  explained_by: 'tool' | 'steps'
}

/** Whether a run of an agent's loop was long for its steps or for its tools. */
function observe(steps: readonly AnalysisStep[]): StepVariance {
  const calls = byStart(withOperation(steps, 'execute_tool'))
  const chats = byStart(withOperation(steps, 'chat'))
  const latency = (call: AnalysisStep) => call.facts.delay_ms ?? 0
  // A latency of 0 has no multiple that a call could exceed.
  const slow = calls.filter((call) => latency(call) > 0 && durationOf(call) > slowRule * latency(call))
  const toolMs = sum(calls.map((call) => Math.max(0, durationOf(call) - latency(call))))
  const stepMs = calls.map((call, index) => durationOf(call) + (chats[index] ? durationOf(chats[index]) : 0))
  const stepsMs = Math.max(0, calls.length - 1) * median(stepMs)
  return {
    span_ids: slow.map(({ span_id }) => span_id),
    steps: calls.length,
    stopped_by: chats.at(-1)?.facts.finish_reason ?? '',
    thinking_ms: round(sum(chats.map(durationOf))),
    acting_ms: round(sum(calls.map(durationOf))),
    tool_ms: round(toolMs),
    steps_ms: round(stepsMs),
    explained_by: toolMs > stepsMs ? 'tool' : 'steps',
  }
}

export const stepVariance = defineFinding({
  cause: { fault: 'slow_tool' },
  observe,
  sentence: ({ steps, stopped_by, thinking_ms, acting_ms, tool_ms, steps_ms, explained_by, span_ids }) => {
    const slow =
      span_ids.length === 0
        ? 'no call was slow'
        : `${span_ids.length} ${span_ids.length === 1 ? 'call was' : 'calls were'} slow`
    const why = explained_by === 'tool' ? 'the tools explain the time' : 'the number of steps explains the time'
    return `${say.count(steps, 'step')} until ${stopped_by === 'length' ? 'there were no more' : 'the agent was done'}: ${say.ms(thinking_ms)} thinking, ${say.ms(acting_ms)} acting, ${slow}; ${why} (tools ${say.ms(tool_ms)}, steps ${say.ms(steps_ms)})`
  },
  questions: ({ steps, span_ids }, { totalMs, table }) => {
    const tools = table.filter(({ name }) => name.startsWith('execute_tool'))
    const p99 = tools.reduce((most, { p99_ms }) => Math.max(most, p99_ms), 0)
    return {
      symptom: `This request took ${ms(totalMs)} and ${count(steps, 'step')}; the next one may take one.`,
      missed: `The table has the tools' p99 (${ms(p99)}) and the request's ${ms(totalMs)}. Whether the time went into ${count(span_ids.length, 'slow call')} or into ${count(steps, 'step')}, no row can tell.`,
    }
  },
  without: ({ span_ids }, { calls, durationOf }) => {
    const slow = new Set(span_ids)
    const usual = median([...calls].filter(([id]) => !slow.has(id)).map(([, ms]) => ms))
    return saving(sum(span_ids.map((id) => durationOf(id) - usual)), 'the slow calls at the median of the others')
  },
  chart: ({ span_ids }) => ({
    shape: 'stack',
    title: 'Thinking and acting, in order',
    operations: ['chat', 'execute_tool'],
    marked: span_ids,
  }),
})
