import type { Draft, Timed } from './draft.ts'
import { type ChatStep, figure, type Job, type ScriptStep } from './script.ts'
import { chatMs, spread, usualChatMs } from './world.ts'
import { gapOf } from './calls.ts'

/** What a conversation has come to. */
export interface Context {
  tokens: number
}

export interface ThoughtOptions {
  outputTokens?: number
  /** Nothing of the context is read from the cache while this fault is in. */
  missesCacheBy?: string | undefined
  /** The context is cut to this share first, and no cache has it. */
  keeps?: number
  asksForTool?: boolean
}

/** The model is asked, with all that was said before: the context grows, and what is known of it is read from the cache. */
export function think(
  draft: Draft,
  steps: ScriptStep[],
  context: Context,
  { outputTokens, missesCacheBy, keeps, asksForTool = true }: ThoughtOptions = {},
  job?: Job,
): Timed {
  const key = draft.keyOf('chat', job)
  const random = draft.random.fork(key)
  const output = outputTokens ?? Math.round(150 * spread(random.fork('output'), 0.7))
  const added = random.fork('added').integer(200, 1500)
  if (keeps !== undefined) context.tokens = Math.round(context.tokens * keeps)
  const known = keeps === undefined ? context.tokens : 0
  const inputTokens = context.tokens + added
  const uncached = inputTokens - known
  const { ms, residual } = chatMs(random.fork('ms'), output, uncached, draft.numbers.sigma)
  const isMissed = missesCacheBy !== undefined && known > 0
  const missedMs = (ms * usualChatMs(output, inputTokens)) / usualChatMs(output, uncached)
  const step: ChatStep = {
    kind: 'chat',
    key,
    gapMs: figure(gapOf(random)),
    ms: isMissed ? { value: Math.round(missedMs * 1000) / 1000, base: ms, by: missesCacheBy } : figure(ms),
    inputTokens,
    cachedTokens: isMissed ? { value: 0, base: known, by: missesCacheBy } : figure(known),
    outputTokens: output,
    asksForTool,
  }
  steps.push(step)
  context.tokens = inputTokens + output
  const timed: Timed = { step, of: step, residual, isWaited: true }
  draft.timed.push(timed)
  return timed
}
