import { drawMs, longestMs } from '../model.ts'
import type { Profile } from './profile.ts'
import { usageOf } from './usage.ts'

/** The instructions that every call begins with, and what the median call answers, in tokens. */
const promptTokens = { min: 150, max: 350 }
const medianTokens = 70
/** Of the median time of a model call, what it takes to the first token; the rest is that of `medianTokens`. */
const firstTokenShare = 0.4
/** Whatever is drawn, a call spends this share of its time on tokens at least. */
const tokensShare = 0.1

/** A short run's times: a lognormal of the run's own jitter around every median; models and tools are alike. */
export const demo: Profile = {
  description: 'a second in all (demo)',
  // Those of all others stand where they are declared.
  defaults: { human_delay_s: 1 },
  longestMs,
  toolMs: (random, _tool, medianMs, jitter) => drawMs(random, medianMs, jitter),
  /**
   * The whole time is drawn as every time is, so that its median is what was asked for; a part of it goes by to the first token,
   * and the answer is as long as fits into the rest, at the rate at which the median call takes the median time:
   * time = time to first token + output tokens ÷ rate.
   */
  modelCall(random, medianMs, jitter, context) {
    const times = random.lognormal(1, jitter)
    const prompt = { tokens: random.integer(promptTokens.min, promptTokens.max), knownTokens: 0 }
    const first = Math.min(firstTokenShare * random.lognormal(1, jitter / 2), times * (1 - tokensShare))
    const outputTokens = Math.max(1, Math.round(((times - first) / (1 - firstTokenShare)) * medianTokens))
    return { delayMs: Math.min(medianMs * times, longestMs), ...usageOf(random, prompt, context, outputTokens) }
  },
  mostPromptTokens: promptTokens.max,
  modelRetry: { maxRetries: 2, backoffMs: 20, backoffMaxMs: 320, jitter: 'full' },
  // Less than a second cannot be said.
  retryAfterS: () => 1,
  tokenMs: (medianMs) => ((1 - firstTokenShare) * medianMs) / medianTokens,
  firstTokenMs: drawMs,
  personS: (_random, askedS = 0) => askedS,
}
