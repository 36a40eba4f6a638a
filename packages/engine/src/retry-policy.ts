import type { Random } from 'contract/random'

export interface RetryPolicy {
  /** Attempts after the first. */
  maxRetries: number
  backoffMs: number
  backoffMaxMs: number
  /** `full` draws each back-off from 0 to its bound; `none` waits for the bound. */
  jitter: 'none' | 'full'
}

/** How long to wait before attempt `attempt` (1 for the first resend), ms: exponential, and what the tool asked for if that is longer. */
export function backoff(policy: RetryPolicy, attempt: number, random: Random, retryAfterMs = 0): number {
  const bound = Math.min(policy.backoffMs * 2 ** (attempt - 1), policy.backoffMaxMs)
  return Math.max(policy.jitter === 'full' ? random.float() * bound : bound, retryAfterMs)
}
