import type { Mix } from 'engine/mix/mix'
import { plan, type PlannedRun, type Share } from 'engine/mix/plan'
import { Heap } from 'engine/virtual/heap'

/** What is planned, and which share of it is meant. */
export interface Schedule {
  mix: Mix
  seed: string
  /** Runs that would start later are left out, ms. */
  durationMs: number
  share: Share
}

/** The runs of a share in the order in which they start: turns of conversations between the units that come meanwhile. */
export function* runsInTime({ mix, seed, durationMs, share }: Schedule): Generator<PlannedRun, undefined> {
  const due = new Heap<{ atMs: number; order: number; run: PlannedRun }>()
  let order = 0
  for (const unit of plan(mix, seed, 0, share)) {
    const untilMs = Math.min(unit.atMs, durationMs)
    for (let next = due.peek(); next && next.atMs <= untilMs; next = due.peek()) {
      due.pop()
      yield next.run
    }
    if (unit.atMs >= durationMs) return
    for (const run of unit.runs) if (run.atMs < durationMs) due.push({ atMs: run.atMs, order: order++, run })
  }
}
