import type { Step, Table } from './table.ts'

/** What a step takes, and what lies before it. */
export interface Times {
  ms: number
  gap_ms: number
}

/**
 * When a run with these times would end, ms from its start: jobs are steps one after another, begin in order as soon as a lane
 * is free (a list schedule, Graham 1966) and what they waited for has ended. Jobs -1 keep nobody waiting.
 */
export function makespan({ steps, after, lanes }: Table, timesOf: (step: Step, index: number) => Times): number {
  const lasts = after.map(() => 0)
  steps.forEach((step, index) => {
    if (step.job < 0) return
    const { ms, gap_ms } = timesOf(step, index)
    lasts[step.job] = (lasts[step.job] as number) + ms + gap_ms
  })
  const freeAt = Array.from({ length: lanes }, () => 0)
  const ends: number[] = []
  let end = 0
  after.forEach((before, job) => {
    let lane = 0
    for (let other = 1; other < lanes; other++) if ((freeAt[other] as number) < (freeAt[lane] as number)) lane = other
    const ready = before.reduce((latest, each) => Math.max(latest, ends[each] ?? 0), 0)
    const ended = Math.max(freeAt[lane] as number, ready) + (lasts[job] as number)
    freeAt[lane] = ended
    ends[job] = ended
    end = Math.max(end, ended)
  })
  return end
}

/** When runs ended as they were: it is asked for each step that may be to blame. */
const asTheyWere = new WeakMap<Table, number>()

/** How much earlier the run would have ended with these steps as `instead` says, ms. */
export function savingOf(table: Table, steps: Iterable<number>, instead: (step: Step, index: number) => Times): number {
  const changed = new Set(steps)
  let was = asTheyWere.get(table)
  if (was === undefined) asTheyWere.set(table, (was = makespan(table, (step) => step)))
  return was - makespan(table, (step, index) => (changed.has(index) ? instead(step, index) : step))
}
