import type { Impact, Standing } from 'contract/key'

/** What a fault has to cost to be worth naming: both of each pair. */
const thresholds = {
  /** Of the run's time, waits for people left out. */
  time: { share: 0.04, ms: 10 },
  /** Of the run's tokens. */
  tokens: { share: 0.01, tokens: 5 },
}

/** Of the run with all its faults, in virtual time. */
export interface RunSize {
  busyMs: number
  tokens: number
}

export function isSlowdown(ms: number, { busyMs }: RunSize): boolean {
  const { time } = thresholds
  return Math.abs(ms) > time.ms && Math.abs(ms) > time.share * busyMs
}

function isSpending(tokens: number, size: RunSize): boolean {
  const limit = thresholds.tokens
  return Math.abs(tokens) >= limit.tokens && Math.abs(tokens) > limit.share * size.tokens
}

/** What is asked of a tool under test about a fault; `countsAnyway` says that a logical call failed for good by it, or a trace is not whole. */
export function standingOf(impact: Impact | null, countsAnyway: boolean, size: RunSize): Standing {
  if (countsAnyway) return 'required'
  if (impact === null) return 'masked'
  if (impact.outcome_changed || isSlowdown(impact.ms, size) || isSpending(impact.tokens, size)) return 'required'
  return isSlowdown(impact.alone_ms, size) ? 'masked' : 'neutral'
}
