import { shapeOf } from '../arguments.ts'
import { type Call, type CallFigures, callsOf, type CallTrouble, describeCall, slowCalls, toolOf } from '../calls.ts'
import { defineFinding, rowOf, saving } from '../finding.ts'
import { count, ms, percent } from '../format.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

type Reason = 'no_tool' | 'bad_arguments'

export interface HallucinatedCall extends Observed, CallTrouble {
  calls: number
  hallucinated: (CallFigures & {
    reason: Reason
    /** The call of the model that asked for it; null where its span is lost. */
    asked_by: string | null
  })[]
  /** What asking and being refused took, ms. */
  wasted_ms: number
}

/**
 * Calls that no tool could have answered: refused with 404 of a tool that answered nobody in this run, or with 422 of arguments
 * of a shape that the tool answered nowhere in it. A tool that is out of order, a policy, or a no to a right question is no
 * fault of the model's.
 */
function observe(steps: readonly AnalysisStep[]): HallucinatedCall {
  const calls = callsOf(steps)
  const statusOf = statusesOf(steps)
  const answered = calls.filter(({ step }) => !step.failed)
  const tools = new Set(answered.map(({ step }) => toolOf(step)))
  const shapes = new Set(answered.map(lineOf))
  const reasonFor = (call: Call): Reason | undefined => {
    const status = call.step.failed ? statusOf.get(call.step.span_id) : undefined
    if (status === 404 && !tools.has(toolOf(call.step))) return 'no_tool'
    return status === 422 && !shapes.has(lineOf(call)) ? 'bad_arguments' : undefined
  }
  const chats = new Map(withOperation(steps, 'chat').map((chat) => [chat.facts.tool_call_id, chat]))
  const hallucinated = calls.flatMap((call) => {
    const reason = reasonFor(call)
    const chat = chats.get(call.step.facts.call_id ?? '')
    return reason ? [{ call, reason, chat }] : []
  })
  const wrong = new Set(hallucinated.map(({ call }) => call))
  const slow = slowCalls(calls)
  const isAnswer = ({ step }: Call) => isRefusal(statusOf.get(step.span_id))
  const failed = calls.filter((call) => call.step.failed && !wrong.has(call) && !isAnswer(call))
  const made = hallucinated.flatMap(({ call, chat }) => [...(chat ? [chat] : []), call.step])
  const ids = [...made, ...[...slow, ...failed].map(({ step }) => step)].map(({ span_id }) => span_id)
  return {
    span_ids: [...new Set(ids)],
    calls: calls.length,
    hallucinated: hallucinated.map(({ call, reason, chat }) => ({
      ...describeCall(call),
      reason,
      asked_by: chat?.span_id ?? null,
    })),
    wasted_ms: round(sum(hallucinated.map(({ call, chat }) => durationOf(call.step) + (chat ? durationOf(chat) : 0)))),
    slow: slow.map(describeCall),
    failed_calls: failed.length,
  }
}

/** A no to a right question is an answer; there being too many, or no time, is none. */
const isRefusal = (status = 0) => [403, 404, 422].includes(status)

const lineOf = ({ step }: Call) => `${toolOf(step)} ${shapeOf(step.arguments)}`

/** What the last attempt of each call was answered with. */
function statusesOf(steps: readonly AnalysisStep[]): ReadonlyMap<string, number> {
  const last = new Map<string, AnalysisStep>()
  for (const attempt of withOperation(steps, 'http_client')) {
    const call = attempt.parent_span_id ?? ''
    if (attempt.start_ms >= (last.get(call)?.start_ms ?? -Infinity)) last.set(call, attempt)
  }
  return new Map([...last].flatMap(([call, { facts }]) => (facts.status === undefined ? [] : [[call, facts.status]])))
}

const words: Readonly<Record<Reason, string>> = {
  no_tool: ', which does not exist',
  bad_arguments: ' with arguments that it does not take',
}

export const hallucinatedCall = defineFinding({
  cause: { fault: 'hallucination' },
  observe,
  sentence: ({ calls, hallucinated, wasted_ms, slow, failed_calls }) => {
    if (calls === 0) return say.noCalls
    const wrong = hallucinated.map(({ tool, reason }) => `${tool}${words[reason]}`)
    const what =
      hallucinated.length === 0
        ? 'the model asked for what there is'
        : `the model asked for ${say.list(wrong)} (${say.ms(wasted_ms)} for nothing)`
    return `${say.count(calls, 'call')}: ${what}${say.slow(slow)}${say.failed(failed_calls)}`
  },
  questions: ({ hallucinated, wasted_ms }, { totalMs, table }) => {
    const http = rowOf(table, 'GET')
    return {
      symptom: `The request took ${ms(totalMs)}, of which ${ms(wasted_ms)} came to nothing.`,
      missed: `GET has an error rate of ${percent(http?.error_rate ?? 0)}, and that looks like tools that fail. That ${count(hallucinated.length, 'call')} could not have been answered by any tool, no row can tell.`,
    }
  },
  without: ({ wasted_ms }) => saving(wasted_ms, 'all the time of calls that no tool could have answered'),
  chart: ({ hallucinated }) => ({
    shape: 'stack',
    title: 'Thinking and acting, in order; what the model made up',
    names: ['chat', 'execute_tool'],
    marked: hallucinated.flatMap(({ span_id, asked_by }) => [span_id, ...(asked_by === null ? [] : [asked_by])]),
  }),
})
