import { drawMs, longestMs } from '../model.ts'
import type { Profile } from './profile.ts'

/** A short run's times: a lognormal of the run's own jitter around every median; models and tools are alike. */
export const demo: Profile = {
  description: 'a second in all (demo)',
  // Those of all others stand where they are declared.
  defaults: { human_delay_s: 1 },
  longestMs,
  toolMs: (random, _tool, medianMs, jitter) => drawMs(random, medianMs, jitter),
  modelCall: (random, medianMs, jitter, contextTokens) => ({
    delayMs: drawMs(random, medianMs, jitter),
    inputTokens: random.integer(150, 350) + contextTokens,
    cachedTokens: 0,
    outputTokens: random.integer(20, 120),
  }),
  modelRetry: { maxRetries: 2, backoffMs: 20, backoffMaxMs: 320, jitter: 'full' },
  // Less than a second cannot be said.
  retryAfterS: () => 1,
  firstTokenMs: drawMs,
  personS: (_random, askedS = 0) => askedS,
}
