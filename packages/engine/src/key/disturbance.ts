import type { Disturbance } from 'contract/key'
import type { LedgerStep } from 'contract/ledger'
import { median, percentile } from 'findings/statistics'
import { littleMs, slowRule } from 'findings/calls'
import { round } from 'findings/step'
import type { StruckFault } from './register.ts'

/** A machine that adds more than this share of what is to be seen has the say in what is seen. */
const bearableShare = 0.5

/** What the machine added to the calls of a run, against the smallest slowdown that is to be seen in it. */
export function disturbanceOf(
  steps: readonly LedgerStep[],
  faults: readonly StruckFault[],
): { disturbed: boolean; disturbance: Disturbance } {
  const calls = steps.flatMap(({ facts, injected, duration_ms }) => {
    if (facts.operation !== 'http_client' || injected?.drawn_ms === undefined || duration_ms === null) return []
    const { drawn_ms, queued_ms = 0 } = injected
    return { drawnMs: drawn_ms, addedMs: Math.max(0, duration_ms - drawn_ms - queued_ms) }
  })
  const slowedOf = slowestDraw(steps)
  const effects = faults.flatMap((fault) => effectsOf(fault, slowedOf))
  // A rule that sees no fault compares with the median of all calls, and lets a little pass.
  const needed = Math.max(littleMs, (slowRule - 1) * median(calls.map(({ drawnMs }) => drawnMs)))
  const effectMs = effects.length > 0 ? effects.reduce((a, b) => Math.min(a, b)) : needed
  const addedMs = percentile(
    calls.map(({ addedMs }) => addedMs),
    0.99,
  )
  return {
    disturbed: calls.length > 0 && addedMs > bearableShare * effectMs,
    disturbance: { calls: calls.length, added_p99_ms: round(addedMs), effect_ms: round(effectMs) },
  }
}

/** How long a step was drawn to take with what a factor made of it: a call as its longest attempt, a stream token by token, or by its first. */
function slowestDraw(steps: readonly LedgerStep[]): (key: string, factor: number) => number | undefined {
  let byKey: Map<string, LedgerStep> | undefined
  return (key, factor) => {
    byKey ??= new Map(steps.map((step) => [step.key, step]))
    const step = byKey.get(key)
    if (step?.facts.operation === 'chat' && step.facts.stream === true) {
      const { token_interval_ms: intervalMs, first_chunk_s: firstS } = step.facts
      return intervalMs === undefined ? firstS && firstS * 1000 : intervalMs * factor
    }
    if (step?.injected?.drawn_ms !== undefined) return step.injected.drawn_ms
    let longestMs: number | undefined
    for (let attempt = 0, made; (made = byKey.get(`${key}/${attempt}`)); attempt++)
      longestMs = Math.max(longestMs ?? 0, made.injected?.drawn_ms ?? 0)
    return longestMs
  }
}

/** How much slower a fault makes each of the steps that it strikes, ms; nothing of what is no slowdown. */
function effectsOf({ magnitude, steps }: StruckFault, slowedOf: ReturnType<typeof slowestDraw>): number[] {
  if (magnitude?.unit === 'ms') return [magnitude.value]
  if (magnitude?.unit !== 'factor') return []
  const factor = magnitude.value
  return [...steps].flatMap((key) => {
    const slowedMs = slowedOf(key, factor)
    return slowedMs === undefined ? [] : [slowedMs * (1 - 1 / factor)]
  })
}
