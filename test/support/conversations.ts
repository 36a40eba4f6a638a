import type { LedgerStep } from 'contract/ledger'
import { expect } from 'vitest'

/** What a call of the model was sent and said, tokens; `paid` is without what was in a cache. */
export function usageOf({ facts }: LedgerStep) {
  if (facts.operation !== 'chat') throw new Error(`a step is a ${facts.operation}: expected a chat`)
  const { input_tokens = 0, cached_tokens = 0, output_tokens = 0, reasoning_tokens = 0 } = facts
  const said = output_tokens - reasoning_tokens
  return { input_tokens, cached_tokens, said, paid: input_tokens - cached_tokens + output_tokens }
}

export const chatsIn = (steps: readonly LedgerStep[]) => steps.filter(({ facts }) => facts.operation === 'chat')

/** What all calls of the model were paid for, tokens. */
export const paidIn = (steps: readonly LedgerStep[]) =>
  chatsIn(steps).reduce((sum, chat) => sum + usageOf(chat).paid, 0)

/** Providers keep whole blocks. */
export const inBlocks = (tokens: number) => tokens - (tokens % 32)

/** Each call of an agent's model is sent what the one before was, what that has said, and what came of it; the cache has the first. */
export function expectMemory(chats: readonly LedgerStep[], observedTokens = 120): void {
  for (const [index, chat] of chats.slice(1).entries()) {
    const before = usageOf(chats[index] as LedgerStep)
    expect(usageOf(chat), chat.key).toMatchObject({
      input_tokens: before.input_tokens + before.said + observedTokens,
      cached_tokens: inBlocks(before.input_tokens),
    })
  }
}
