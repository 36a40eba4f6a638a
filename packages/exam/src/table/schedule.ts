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
    const lane = freeAt.indexOf(Math.min(...freeAt))
    const ready = before.reduce((latest, each) => Math.max(latest, ends[each] ?? 0), 0)
    const ended = Math.max(freeAt[lane] as number, ready) + (lasts[job] as number)
    freeAt[lane] = ended
    ends[job] = ended
    end = Math.max(end, ended)
  })
  return end
}

/** How much earlier the run would have ended with these steps as `instead` says, ms. */
export function savingOf(table: Table, steps: Iterable<number>, instead: (step: Step, index: number) => Times): number {
  const changed = new Set(steps)
  return (
    makespan(table, (step) => step) -
    makespan(table, (step, index) => (changed.has(index) ? instead(step, index) : step))
  )
}
