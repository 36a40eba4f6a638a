import type { Random } from 'contract/random'
import type { Context, ModelCall, Profile } from './profile/profile.ts'

export const provider = 'synthetic'
export const modelName = 'synthetic-llm-1'

/** What the simulated model does with one call, all of it drawn from the step's randomness. */
export interface Completion extends ModelCall {
  responseId: string
}

/** Longest time that `drawMs` draws, ms; a lognormal has no end of its own. */
export const longestMs = 3_600_000

/** A lognormal time around `medianMs`, clipped at an hour. */
export function drawMs(random: Random, medianMs: number, jitter: number): number {
  return Math.min(random.lognormal(medianMs, jitter), longestMs)
}

/** What one call takes and uses that is sent this beside its prompt. */
export function drawCompletion(
  random: Random,
  { profile, llmDelayMs, jitter }: { profile: Profile; llmDelayMs: number; jitter: number },
  context: Context = { sentTokens: 0, newTokens: 0 },
): Completion {
  return {
    ...profile.modelCall(random, llmDelayMs, jitter, context),
    responseId: `resp_${random.identifier('response', 24)}`,
  }
}

const words =
  'the plan needs a search of the record before we answer and each result is checked against the question so that no step is taken twice while a tool that fails is noted and the next one goes on'.split(
    ' ',
  )

/** `count` words of plausible text. */
export function sentence(random: Random, count: number): string {
  if (count === 1) return random.pick(words)
  return Array.from({ length: count }, () => random.pick(words)).join(' ')
}
