import { longestDelayMs } from 'contract/tool'
import type { Profile } from './profile.ts'
import { Quantiles } from './quantiles.ts'
import { usageOf } from './usage.ts'

/**
 * Published figures of coding and support agents in production. Where a source gives a few quantiles, the distribution goes
 * through them; what no source says is ours and marked so.
 */

/**
 * Tool calls: median 0.3 s, nine of ten within 13.6 s, 4 % over a minute, which are some 85 % of all the time. Ours: the
 * fast tenth, and the outer anchors, set so that the slow 4 % have that share.
 */
export const toolSeconds = new Quantiles(
  [
    [0.1, 0.03],
    [0.5, 0.3],
    [0.9, 13.6],
    [0.96, 60],
    [0.99, 500],
    [0.999, 2000],
  ],
  { min: 0.001, max: 6 * 3600 },
)
const toolMedianMs = 300

/**
 * How the tools differ, and a common factor with which the median over all five stays what the table says. Ours.
 */
const toolFactors: Record<string, number> = { search: 1, database: 0.6, calculator: 0.2, calendar: 0.8, mail: 1.4 }
const toolsTogether = 1.31

/** Model calls: median 5.7 s, nine of ten within 22 s. Output: median some 200 tokens, one in a hundred some thousands. */
const modelMedianMs = 5700
const outputTokens = new Quantiles(
  [
    [0.5, 200],
    [0.99, 3200],
  ],
  { min: 1, max: 32_000 },
)
/** Ours, such that both quantiles of the whole call hold: time to first token and rate, with which both are lognormal. */
const firstTokenMs = 1000
const firstTokenSigma = 0.6
const tokensPerSecond = 45

/**
 * Of all model calls 2 % to 5 % fail (Datadog, State of AI Engineering 2026). What a rate limit asks for is ours; the back-off
 * is what clients of providers do unless they are told otherwise: https://github.com/openai/openai-python#retries.
 */
const modelErrorRate = 0.03
const retryAfterMedianS = 5
const retryAfterSigma = 0.7

/** Of an agent's input most has been sent before: of the prompt this share, by others, and all that the conversation has had. */
const cachedShare = 0.96
/** The instructions and the tools' descriptions that every call begins with. Ours. */
const promptTokens = { min: 1500, max: 3500 }

/** People: median 1.4 min, nine of ten within 20 min, one in a hundred after 14 h. Ours: the fast tenth, and a week at most. */
export const personSeconds = new Quantiles(
  [
    [0.1, 12],
    [0.5, 84],
    [0.9, 1200],
    [0.99, 50_400],
  ],
  { min: 1, max: 7 * 86_400 },
)

/** How long models, tools and people take in production. Medians that are asked for scale the whole. */
export const measured: Profile = {
  description: 'as in production, with long tails (measured)',
  defaults: {
    delay_ms: toolMedianMs,
    tool_delay_ms: toolMedianMs,
    llm_delay_ms: modelMedianMs,
    llm_error_rate: modelErrorRate,
    ttft_ms: firstTokenMs,
    token_interval_ms: Math.round(1000 / tokensPerSecond),
  },
  longestMs: longestDelayMs,
  toolMs: (random, tool, medianMs) =>
    toolSeconds.draw(random) *
    1000 *
    (medianMs / toolMedianMs) *
    (tool in toolFactors ? (toolFactors[tool] as number) * toolsTogether : 1),
  modelCall(random, medianMs, _jitter, context) {
    const scale = medianMs / modelMedianMs
    const tokens = Math.round(outputTokens.draw(random))
    const ttftMs = random.lognormal(firstTokenMs * scale, firstTokenSigma)
    const prompt = random.integer(promptTokens.min, promptTokens.max)
    return {
      delayMs: ttftMs + (tokens / tokensPerSecond) * 1000 * scale,
      ...usageOf(random, { tokens: prompt, knownTokens: Math.round(prompt * cachedShare) }, context, tokens),
    }
  },
  mostPromptTokens: promptTokens.max,
  modelRetry: { maxRetries: 2, backoffMs: 500, backoffMaxMs: 8000, jitter: 'full' },
  retryAfterS: (random) => Math.ceil(random.lognormal(retryAfterMedianS, retryAfterSigma)),
  tokenMs: (medianMs) => (1000 / tokensPerSecond) * (medianMs / modelMedianMs),
  firstTokenMs: (random, medianMs) => random.lognormal(medianMs, firstTokenSigma),
  personS: (random, askedS) => askedS ?? personSeconds.draw(random),
}
