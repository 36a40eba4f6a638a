import type { Random } from 'contract/random'
import type { RetryPolicy } from '../retry-policy.ts'

/** What one call of the simulated model takes and uses. */
export interface ModelCall {
  /** From the request to the last token, ms: the time to the first one, and that of the output. */
  delayMs: number
  /** All that it was sent. */
  inputTokens: number
  /** Of these, read from a cache, and written to it. */
  cachedTokens: number
  cacheWriteTokens: number
  outputTokens: number
  /** Of these, thought and not said. */
  reasoningTokens: number
}

/** What a call is sent beside its prompt. */
export interface Context {
  /** What the conversation's last call was sent, the prompt with it; 0 in its first. */
  sentTokens: number
  /** What has come since: said, observed, retrieved. */
  newTokens: number
}

/** How long models, tools and people take: everything that a run draws of time beside its own factors. */
export interface Profile {
  /** In a few words, with its name. */
  description: string
  /** Parameters where neither query nor environment says them, and which of them a scenario has. */
  defaults: Readonly<Record<string, number>>
  /** How long a call may take, whatever makes it slower, ms. */
  longestMs: number
  /** How long a tool takes around the median that was asked for, ms. */
  toolMs: (random: Random, tool: string, medianMs: number, jitter: number) => number
  /** What a conversation begins with at most, tokens. */
  mostPromptTokens: number
  /** One model call around the median that was asked for. */
  modelCall: (random: Random, medianMs: number, jitter: number, context: Context) => ModelCall
  /** How often a model that fails is asked again, and after how long. */
  modelRetry: RetryPolicy
  /** How long a model asks to be left alone that takes no more calls, whole s. */
  retryAfterS: (random: Random) => number
  /** How long a token of its answer takes around the median time of a call, ms. */
  tokenMs: (medianMs: number) => number
  /** How long a model takes to its first token, ms. */
  firstTokenMs: (random: Random, medianMs: number, jitter: number) => number
  /** How long a person takes to answer, s: what was asked for, if anything was. */
  personS: (random: Random, askedS: number | undefined) => number
}
