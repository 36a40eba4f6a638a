import type { Random } from 'contract/random'
import { ModelFailure } from './errors.ts'
import { modelName } from './model.ts'

/**
 * How calls of models fail. That half of all failures are rate limits lies between what Datadog counted in February 2026
 * (60 % of the 5 % of calls that failed) and in March (30 % of 2 %): https://www.datadoghq.com/state-of-ai-engineering/.
 * The other weights are ours. Statuses and words are those of the two largest providers:
 * https://docs.anthropic.com/en/api/errors and https://platform.openai.com/docs/guides/error-codes.
 */
const failures = {
  rate_limited: { weight: 50, status: 429, errorType: 'rate_limit_exceeded', says: 'takes no more calls for now' },
  overloaded: { weight: 20, status: 529, errorType: 'overloaded', says: 'is overloaded' },
  timed_out: { weight: 15, errorType: 'timeout', says: 'did not go on' },
  withheld: { weight: 10, errorType: 'content_filter', says: 'withheld its answer' },
  too_long: { weight: 5, status: 400, errorType: 'context_length_exceeded', says: 'has no room for so many tokens' },
} as const satisfies Record<string, { weight: number; status?: number; errorType: string; says: string }>
export type ModelFailureName = keyof typeof failures
const names = Object.keys(failures) as ModelFailureName[]

/** A failure of one attempt, with all that it draws. */
export interface DrawnFailure {
  name: ModelFailureName
  /** Uniform in [0, 1): how much of the usual time a refusal takes, and of an answer there is before it breaks off. */
  share: number
  /** What a rate limit asks for. */
  retryAfterS: number
}

/** What the attempts of one call fail with, in order. */
export interface DrawnFailures {
  attempts: readonly DrawnFailure[]
  /** Whether nobody answers the call, as far as all of these strike. */
  losesCall: boolean
}

export interface HowModelsFail {
  /** Of an attempt, 0 to 1. */
  rate: number
  /** Attempts at most. */
  attempts: number
  /** Whether tokens come one by one: an answer may then break off, and cannot be asked for again. */
  isStream: boolean
  /** How long a rate limit asks to be left alone, s. */
  retryAfterS: (random: Random) => number
}

/** Draws until an attempt is answered, or none can be any more. */
export function drawFailures(random: Random, { rate, attempts, isStream, retryAfterS }: HowModelsFail): DrawnFailures {
  const drawn: DrawnFailure[] = []
  while (drawn.length < attempts && random.chance(rate)) {
    const failure = { name: pick(random), share: random.float(), retryAfterS: retryAfterS(random) }
    drawn.push(failure)
    if (failure.name === 'too_long' || breaksAnswer(failure, isStream)) return { attempts: drawn, losesCall: true }
  }
  return { attempts: drawn, losesCall: drawn.length === attempts }
}

function pick(random: Random): ModelFailureName {
  let left = random.float() * names.reduce((sum, name) => sum + failures[name].weight, 0)
  return names.find((name) => (left -= failures[name].weight) < 0) ?? 'rate_limited'
}

/** Whether there is an answer that is not whole: it is withheld at its end, or a stream does not go on. */
export const breaksAnswer = ({ name }: DrawnFailure, isStream: boolean): boolean =>
  name === 'withheld' || (isStream && name === 'timed_out')

/** What a failure is to whoever asked; `hasBegun` where a part of the answer had come. */
export function failureOf({ name, retryAfterS }: DrawnFailure, hasBegun = false): ModelFailure {
  const failure: { status?: number; errorType: string; says: string } = failures[name]
  const { status, errorType, says } = failure
  const left = name === 'rate_limited' && { retryAfterMs: retryAfterS * 1000, retryAfter: String(retryAfterS) }
  return new ModelFailure(errorType, `${modelName} ${says}`, { ...(status && { status }), ...left }, hasBegun)
}
