import type { Random } from 'contract/random'
import type { Profile } from './times.ts'

/** A short run's times: a lognormal of the run's own jitter around every median; models and tools are alike. */
export const demo: Profile = {
  name: 'demo',
  description: 'Runs that take a second: tools of 80 ms, a model of 30 ms, a person of one second',
  defaults: { delayMs: undefined, llmDelayMs: 30 },
  toolMs: (random, _tool, medianMs, jitter) => random.lognormal(medianMs, jitter),
  modelCall(random, medianMs, jitter, contextTokens) {
    const delayMs = random.lognormal(medianMs, jitter)
    const inputTokens = random.integer(150, 350) + contextTokens
    const outputTokens = random.integer(20, 120)
    return { delayMs, ttftMs: delayMs, inputTokens, cachedTokens: 0, outputTokens }
  },
  personS: (_random: Random, askedS = 1) => askedS,
}
