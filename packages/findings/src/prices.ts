import type { Tokens } from 'contract/usage'

/** What a million tokens cost, US dollars. */
export interface Price {
  /** Of the input, what no cache has to do with. */
  input: number
  cached: number
  cacheWrite: number
  /** Of the output, reasoning included. */
  output: number
}

/** Ours, for models that are simulated: in the proportions that providers charge, a read from a cache a tenth, a write a quarter more. */
export const prices: ReadonlyMap<string, Price> = new Map([
  ['synthetic-llm-1', { input: 3, cached: 0.3, cacheWrite: 3.75, output: 15 }],
  ['synthetic-llm-1-large', { input: 5, cached: 0.5, cacheWrite: 6.25, output: 25 }],
])

/** Dollars for a million tokens are millionths of a dollar for one; sums of whole billionths lose no digit. */
const billionths = (price: number) => Math.round(price * 1000)

/** What these tokens cost, billionths of a US dollar; null of a model that has no price. */
export function costOf(model: string, tokens: Tokens): number | null {
  const price = prices.get(model)
  if (!price) return null
  const { input, cached, cacheWrite, output } = price
  const { input_tokens, cached_tokens, cache_write_tokens, output_tokens } = tokens
  return (
    (input_tokens - cached_tokens - cache_write_tokens) * billionths(input) +
    cached_tokens * billionths(cached) +
    cache_write_tokens * billionths(cacheWrite) +
    output_tokens * billionths(output)
  )
}
