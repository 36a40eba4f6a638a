import type { Random } from 'contract/random'

/** What one call of the simulated model takes and uses. */
export interface ModelCall {
  /** From the request to the last token, ms: `ttftMs` and the time that the output takes. */
  delayMs: number
  ttftMs: number
  inputTokens: number
  /** The share of the input that was read from a cache. */
  cachedTokens: number
  outputTokens: number
}

/** How long models, tools and people take: everything that a run draws of time beside its own factors. */
export interface Profile {
  name: string
  description: string
  /** Medians where neither query nor environment says one, ms. */
  defaults: { delayMs: number | undefined; llmDelayMs: number }
  /** How long a tool takes around the median that was asked for, ms. */
  toolMs: (random: Random, tool: string, medianMs: number, jitter: number) => number
  /** One model call around the median that was asked for; `contextTokens` is what it is sent beyond its prompt. */
  modelCall: (random: Random, medianMs: number, jitter: number, contextTokens: number) => ModelCall
  /** How long a person takes to answer, s. */
  personS: (random: Random, askedS: number | undefined) => number
}
