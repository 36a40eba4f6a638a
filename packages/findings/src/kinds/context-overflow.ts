import { defineFinding, rowOf, saving } from '../finding.ts'
import { count, ms, percent, whole } from '../format.ts'
import { callsOf, type CallTrouble, toolOf, troubleOf } from '../calls.ts'
import * as say from '../sentence.ts'
import { countBelow } from '../sorted.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

/** What a token of an answer weighs, bytes. */
const bytesPerToken = 4
/** An answer may be estimated too low by so much of the window. */
const full = 0.99

/** A call of the model that was to be sent more than it holds. */
export interface Exceeded {
  span_id: string
  /** What became of it. */
  how: 'cut' | 'compacted' | 'refused'
  /** What there was to send, tokens: what was sent and said before, and what came since. */
  due_tokens: number
  window: number
  /** The largest answer that had come since the call before it; null where none is known. */
  filled_by: { span_id: string; tool: string; tokens: number } | null
  ms: number
}

export interface ContextOverflow extends Observed, CallTrouble {
  model_calls: number
  /** How full the context of a call was at most: its tokens as a share of what its model holds; null where no span says that. */
  fullest: number | null
  exceeded: Exceeded[]
}

/**
 * Calls of the model that were to be sent more than it holds, which spans say (`ati.context.window`): that have no room left
 * for an answer and are cut, or for which there was more to send than fits. Points at them, and at what filled the context.
 */
function observe(steps: readonly AnalysisStep[]): ContextOverflow {
  const chats = byStart(withOperation(steps, 'chat')).filter(({ facts }) => (facts.window ?? 0) > 0)
  const answers = answersIn(steps)
  const starts = answers.map(({ step }) => step.start_ms)
  const answersBetween = (from: AnalysisStep, to: AnalysisStep) =>
    answers.slice(countBelow(starts, from.start_ms), countBelow(starts, to.start_ms))
  const exceeded: Exceeded[] = []
  for (const [index, chat] of chats.entries()) {
    const before = chats[index - 1]
    // What follows one that did not fit begins anew.
    const isAfter = before !== undefined && exceeded.at(-1)?.span_id === before.span_id
    const found =
      before && !isAfter ? exceededBy(chat, before, answersBetween(before, chat)) : exceededBy(chat, undefined, [])
    if (found) exceeded.push(found)
  }
  const { ids, figures } = troubleOf(callsOf(steps))
  const shares = chats.map(({ facts }) => usedBy(facts) / (facts.window as number))
  const found = exceeded.flatMap(({ span_id, filled_by }) => [span_id, ...(filled_by ? [filled_by.span_id] : [])])
  return {
    span_ids: [...new Set([...found, ...ids])],
    model_calls: chats.length,
    fullest: shares.length === 0 ? null : round(shares.reduce((most, share) => Math.max(most, share), 0)),
    exceeded,
    ...figures,
  }
}

const usedBy = ({ input_tokens = 0, output_tokens = 0 }: AnalysisStep['facts']) => input_tokens + output_tokens

interface Sized {
  step: AnalysisStep
  tokens: number
}

/** Calls of tools whose answers have a size, in order of start. */
function answersIn(steps: readonly AnalysisStep[]): Sized[] {
  const attemptsOf = Map.groupBy(withOperation(steps, 'http_client'), ({ parent_span_id }) => parent_span_id)
  return byStart(withOperation(steps, 'execute_tool')).map((step) => {
    const bytes = sum((attemptsOf.get(step.span_id) ?? []).map(({ facts }) => facts.response_bytes ?? 0))
    return { step, tokens: Math.round(bytes / bytesPerToken) }
  })
}

/** `since` is what was answered after the call before it. */
function exceededBy(
  chat: AnalysisStep,
  before: AnalysisStep | undefined,
  since: readonly Sized[],
): Exceeded | undefined {
  const { facts, failed, span_id } = chat
  const { window = Infinity, finish_reason } = facts
  const answered = sum(since.map(({ tokens }) => tokens))
  const known = before ? usedBy(before.facts) - (before.facts.reasoning_tokens ?? 0) : 0
  const hasNoRoom = finish_reason === 'length' && usedBy(facts) >= window
  if (!hasNoRoom && known + answered < full * window) return undefined
  const largest = since.reduce<Sized | undefined>(
    (most, each) => (most && most.tokens >= each.tokens ? most : each),
    undefined,
  )
  return {
    span_id,
    how: failed ? 'refused' : finish_reason === 'length' ? 'cut' : 'compacted',
    due_tokens: Math.max(known + answered, usedBy(facts)),
    window,
    filled_by: largest ? { span_id: largest.step.span_id, tool: toolOf(largest.step), tokens: largest.tokens } : null,
    ms: round(durationOf(chat)),
  }
}

export const contextOverflow = defineFinding({
  cause: { fault: 'overflow' },
  observe,
  sentence: ({ model_calls, fullest, exceeded, slow, failed_calls }) => {
    const trouble = `${say.slow(slow)}${say.failed(failed_calls)}`
    const calls = say.count(model_calls, 'call')
    if (exceeded.length === 0)
      return `${fullest === null ? 'No call says how much its model holds' : `The context had room for all of ${calls}: at its fullest ${say.percent(fullest)} of it was taken`}${trouble}`
    const each = exceeded.map(({ how, due_tokens, window, filled_by }) => {
      const by = filled_by ? ` by an answer of ${filled_by.tool} (${filled_by.tokens} tokens)` : ''
      return `${due_tokens} tokens for ${window}, filled${by}, so that it was ${how}`
    })
    return `The context was exceeded in ${exceeded.length} of ${calls} of the model: ${say.list(each)}${trouble}`
  },
  questions: ({ model_calls, exceeded }, { totalMs, table }) => {
    const [first] = exceeded
    const broken = first?.how === 'refused' ? 'gave up' : first?.how === 'cut' ? 'broke off' : 'forgot what was said'
    return {
      symptom: `The request took ${ms(totalMs)}, and an answer ${broken}.`,
      missed: `The table has ${count(model_calls, 'model call')} with ${percent(rowOf(table, 'chat synthetic-llm-1')?.error_rate ?? 0)} errors. That one of them was to be sent ${whole(first?.due_tokens ?? 0)} tokens stands in no row.`,
    }
  },
  without: ({ exceeded }) => saving(sum(exceeded.map(({ ms }) => ms)), 'the calls of the model that did not fit'),
  chart: ({ exceeded }) => ({
    shape: 'stack',
    title: 'Thinking and acting, in order',
    names: ['chat', 'execute_tool'],
    marked: exceeded.flatMap(({ span_id, filled_by }) => [span_id, ...(filled_by ? [filled_by.span_id] : [])]),
  }),
})
