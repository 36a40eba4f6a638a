import type { Random } from 'contract/random'
import type { Context, ModelCall } from './profile.ts'

/** Providers keep a prompt in whole blocks of so many tokens. */
const tokensOfBlock = 32
const inBlocks = (tokens: number) => tokens - (tokens % tokensOfBlock)

/** Of an answer, what was thought and not said: from, and how much more at most. Ours. */
const reasoningShare = { from: 0.2, spread: 0.4 }

/** How many of an answer's tokens are reasoning. */
export const reasoningOf = (random: Random, outputTokens: number): number =>
  Math.floor(outputTokens * (reasoningShare.from + reasoningShare.spread * random.float()))

/**
 * The tokens of one call. What the conversation's last call was sent is read from the cache, of a first call what others have
 * sent of its prompt; the rest is written to it, but for what fills no block.
 */
export function usageOf(
  random: Random,
  prompt: { tokens: number; knownTokens: number },
  { sentTokens, newTokens }: Context,
  outputTokens: number,
): Omit<ModelCall, 'delayMs'> {
  const inputTokens = (sentTokens || prompt.tokens) + newTokens
  const cachedTokens = inBlocks(sentTokens || prompt.knownTokens)
  return {
    inputTokens,
    cachedTokens,
    cacheWriteTokens: inBlocks(inputTokens) - cachedTokens,
    outputTokens,
    reasoningTokens: reasoningOf(random, outputTokens),
  }
}
