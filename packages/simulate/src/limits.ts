import type { Mix } from 'engine/mix/mix'
import { plan, type PlannedUnit, type Share } from 'engine/mix/plan'

/** Where a simulation ends; where nothing is said, never. */
export interface Limits {
  traces?: number | undefined
  /** It ends with the unit that reaches them, or a few later. */
  spans?: number | undefined
  /** Of virtual time from the start of the plan, ms: what would begin after it is left out. */
  durationMs?: number | undefined
}

/** All of a plan. */
export const whole: Share = { index: 0, of: 1 }

/**
 * The units of a plan from one on, up to its limits of traces and time: the last may be cut short. Those of other shares are
 * left out, and count all the same: shares add up to what one would play.
 */
export function* planWithin(
  mix: Mix,
  seed: string,
  fromUnit: number,
  { traces = Infinity, durationMs = Infinity }: Limits,
  share = whole,
): Generator<PlannedUnit, undefined> {
  let left = traces
  for (const unit of plan(mix, seed, fromUnit)) {
    if (left <= 0 || unit.atMs >= durationMs) return
    const runs = unit.runs.filter(({ atMs }) => atMs < durationMs).slice(0, left)
    left -= runs.length
    if (unit.unit % share.of === share.index) yield { ...unit, runs }
  }
}

/** How many traces those units have that come before `unit`. */
export function tracesBefore(unit: number, units: Iterable<PlannedUnit>): number {
  let traces = 0
  for (const planned of units) {
    if (planned.unit >= unit) break
    traces += planned.runs.length
  }
  return traces
}
