import { defineFinding, saving } from '../finding.ts'
import { count, ms, whole } from '../format.ts'
import { type Call, callsOf, type CallTrouble, toolOf, troubleOf } from '../calls.ts'
import * as say from '../sentence.ts'
import { countBelow, countUpTo } from '../sorted.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

/** One call that was made again and again, with the same arguments and the same answer. */
export interface Loop {
  tool: string
  agent_id: string | null
  /** How often after the first time. */
  repeats: number
  /** Those calls, and the model calls that asked for them. */
  span_ids: string[]
  ms: number
  /** Of those model calls, in and out, without what a cache had. */
  tokens: number
}

export interface Repetition extends Observed, CallTrouble {
  calls: number
  model_calls: number
  /** `stop` when the agent was done, `length` when it ran out of steps. */
  stopped_by: string
  loops: Loop[]
  repeats: number
  wasted_ms: number
  wasted_tokens: number
}

/**
 * Calls that an agent made again though it had their answer: the same tool, the same arguments, always the same answer, and
 * nothing written between. A call whose answer moves on in the end was waited for; one that failed had no answer.
 */
function observe(steps: readonly AnalysisStep[]): Repetition {
  const chats = byStart(withOperation(steps, 'chat'))
  const calls = callsOf(steps)
  const chatOf = new Map(chats.map((chat) => [chat.facts.tool_call_id, chat]))
  const writes = calls.filter(({ step }) => isWrite(step)).map(({ step }) => step.start_ms)
  const loops = [...Map.groupBy(calls.filter(isTold), askedBy).values()]
    .filter((group) => isLoop(group, writes))
    .map((group) => loopOf(group, chatOf))
  const { ids, figures } = troubleOf(calls)
  return {
    span_ids: [...new Set([...loops.flatMap(({ span_ids }) => span_ids), ...ids])],
    calls: calls.length,
    model_calls: chats.length,
    stopped_by: chats.at(-1)?.facts.finish_reason ?? '',
    loops,
    repeats: sum(loops.map(({ repeats }) => repeats)),
    wasted_ms: round(sum(loops.map(({ ms }) => ms))),
    wasted_tokens: sum(loops.map(({ tokens }) => tokens)),
    ...figures,
  }
}

const isTold = ({ step }: Call) => !step.failed && step.arguments !== undefined && step.result !== undefined

const askedBy = ({ step }: Call) => `${step.agent_id} ${toolOf(step)} ${step.arguments}`

const isWrite = ({ arguments: given }: AnalysisStep) => given?.includes('"action":"write"') === true

/** `writes` are when something was written, in order. */
function isLoop(group: readonly Call[], writes: readonly number[]): boolean {
  const [first, last] = [group[0]?.step.start_ms ?? 0, group.at(-1)?.step.start_ms ?? 0]
  const answers = new Set(group.map(({ step }) => step.result))
  return group.length > 1 && answers.size === 1 && countUpTo(writes, first) >= countBelow(writes, last)
}

function loopOf(group: readonly Call[], chatOf: ReadonlyMap<string | undefined, AnalysisStep>): Loop {
  const calls = group.slice(1).map(({ step }) => step)
  const chats = calls.flatMap(({ facts }) => chatOf.get(facts.call_id) ?? [])
  const [{ step }] = group as [Call]
  return {
    tool: toolOf(step),
    agent_id: step.agent_id,
    repeats: calls.length,
    span_ids: [...calls, ...chats].map(({ span_id }) => span_id),
    ms: round(sum([...calls, ...chats].map(durationOf))),
    tokens: sum(chats.map(paidTokens)),
  }
}

const paidTokens = ({ facts: { input_tokens = 0, cached_tokens = 0, output_tokens = 0 } }: AnalysisStep) =>
  input_tokens - cached_tokens + output_tokens

export const repetition = defineFinding({
  cause: { fault: 'repetition' },
  observe,
  sentence: ({ calls, loops, repeats, wasted_ms, wasted_tokens, stopped_by, slow, failed_calls }) => {
    const end = stopped_by === 'length' ? '; then no steps were left' : ''
    const trouble = `${say.slow(slow)}${say.failed(failed_calls)}`
    if (loops.length === 0)
      return `${say.count(calls, 'call')}, and none made again that had been answered${end}${trouble}`
    const which = loops.map(({ tool, repeats }) => `${tool} (${say.count(repeats, 'repeat')})`)
    return `The same was asked again and again, and the answer was always the same: ${say.list(which)}; ${repeats} of ${say.count(calls, 'call')} and what was thought before them took ${say.ms(wasted_ms)} and ${say.count(wasted_tokens, 'token')} for nothing${end}${trouble}`
  },
  questions: ({ calls, model_calls, repeats }, { totalMs, table }) => {
    const tools = table.filter(({ name }) => name.startsWith('execute_tool'))
    const p99 = tools.reduce((most, { p99_ms }) => Math.max(most, p99_ms), 0)
    return {
      symptom: `The request took ${ms(totalMs)}, ${count(model_calls, 'model call')} and ${count(calls, 'tool call')}, and the bill is for all of them.`,
      missed: `No tool is slow (p99 ${ms(p99)}) and none fails. That ${whole(repeats)} of ${count(calls, 'call')} asked what had been answered stands in their arguments, which are no column of the table.`,
    }
  },
  without: ({ wasted_ms }) => saving(wasted_ms, 'all but the first of each call that was made again'),
  chart: ({ loops }) => ({
    shape: 'stack',
    title: 'Thinking and acting, in order',
    names: ['chat', 'execute_tool'],
    marked: loops.flatMap(({ span_ids }) => span_ids),
  }),
})
