import type { Draft, Timed } from './draft.ts'
import { type ChatStep, figure, type Job, type ScriptStep } from './script.ts'
import { chatMs, spread, usualChatMs } from './world.ts'
import { gapOf } from './calls.ts'

/** What a conversation has come to. */
export interface Context {
  tokens: number
  /** What has come since the model was asked last, tokens; drawn where nobody says it. */
  unread?: number
}

export interface ThoughtOptions {
  outputTokens?: number
  /** Nothing of the context is read from the cache while this fault is in. */
  missesCacheBy?: string | undefined
  /** The context is cut to this share first, and no cache has it. */
  keeps?: number
  /** How many tokens have come since; what is unread, or drawn, where absent. */
  added?: number
  /** So long nothing was asked, ms, that the cache has forgotten the context. */
  idleMs?: number
  asksForTool?: boolean
  /** Which model, where it is not the usual one. */
  model?: string
}

/** The model is asked, with all that was said before: the context grows, and what is known of it is read from the cache. */
export function think(
  draft: Draft,
  steps: ScriptStep[],
  context: Context,
  { outputTokens, missesCacheBy, keeps, added: given, idleMs, asksForTool = true, model }: ThoughtOptions = {},
  job?: Job,
): Timed {
  const key = draft.keyOf('chat', job)
  const random = draft.random.fork(key)
  const output = outputTokens ?? Math.round(150 * spread(random.fork('output'), 0.7))
  const added = given ?? context.unread ?? random.fork('added').integer(200, 1500)
  if (context.unread !== undefined) context.unread = 0
  if (keeps !== undefined) context.tokens = Math.round(context.tokens * keeps)
  const known = keeps === undefined && idleMs === undefined ? context.tokens : 0
  const inputTokens = context.tokens + added
  const uncached = inputTokens - known
  const { ms, residual } = chatMs(random.fork('ms'), output, uncached, draft.numbers.sigma)
  const isMissed = missesCacheBy !== undefined && known > 0
  const step: ChatStep = {
    kind: 'chat',
    key,
    gapMs: figure(idleMs ?? gapOf(random)),
    ms: figure(ms),
    inputTokens: figure(inputTokens),
    cachedTokens: figure(known),
    outputTokens: output,
    asksForTool,
    ...(model !== undefined && { model }),
  }
  if (isMissed) sendOtherwise(step, { inputTokens, cachedTokens: 0 }, missesCacheBy)
  steps.push(step)
  context.tokens = inputTokens + output
  const timed: Timed = { step, of: step, residual, isWaited: true }
  draft.timed.push(timed)
  return timed
}

/** While a fault is in, a call of the model is sent so much, and so much of it is read from the cache: its time follows. */
export function sendOtherwise(
  step: ChatStep,
  { inputTokens, cachedTokens }: { inputTokens: number; cachedTokens: number },
  by: string,
): void {
  const usualMs = (input: number, cached: number) => usualChatMs(step.outputTokens, input - cached)
  const factor = usualMs(inputTokens, cachedTokens) / usualMs(step.inputTokens.base, step.cachedTokens.base)
  step.ms = { value: Math.round(step.ms.base * factor * 1000) / 1000, base: step.ms.base, by }
  step.inputTokens = { value: inputTokens, base: step.inputTokens.base, by }
  step.cachedTokens = { value: cachedTokens, base: step.cachedTokens.base, by }
}
