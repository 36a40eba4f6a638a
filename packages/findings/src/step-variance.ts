import { median } from './statistics.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from './step.ts'

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
export function stepVariance(steps: readonly AnalysisStep[]): StepVariance {
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
