import type { Random } from 'contract/random'

/** A tool may ask for any patience; this is what it gets by default, ms. */
export const defaultRetryAfterMaxMs = 60_000

export interface RetryPolicy {
  /** Attempts after the first. */
  maxRetries: number
  backoffMs: number
  backoffMaxMs: number
  /** `full` draws each back-off from 0 to its bound; `none` waits for the bound. */
  jitter: 'none' | 'full'
  /** How long a tool's `Retry-After` may make a call wait, ms. */
  retryAfterMaxMs?: number
}

/**
 * How long to wait before attempt `attempt` (1 for the first resend), ms: exponential, and what the tool asked for if that is
 * longer, up to what the policy allows it.
 */
export function backoff(policy: RetryPolicy, attempt: number, random: Random, retryAfterMs = 0): number {
  const bound = Math.min(policy.backoffMs * 2 ** (attempt - 1), policy.backoffMaxMs)
  const asked = Math.min(retryAfterMs, policy.retryAfterMaxMs ?? defaultRetryAfterMaxMs)
  return Math.max(policy.jitter === 'full' ? random.float() * bound : bound, asked)
}
