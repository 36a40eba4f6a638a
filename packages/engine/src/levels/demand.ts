import type { Demand } from '../demand.ts'

/** Calls with the same arguments at most: on another tool where the first was refused. */
const mostTools = 2

/**
 * What a script may need at most: jobs of so many calls each, of so many attempts each, in so many lanes; `beside` them calls
 * that nobody waits for, and `others`, steps that are no calls.
 */
export function demandOf({
  jobs,
  lanes,
  callsOfJob,
  attempts = 3,
  beside = 0,
  others = 8,
}: {
  jobs: number
  lanes: number
  callsOfJob: number
  attempts?: number
  beside?: number
  others?: number
}): Demand {
  const logical = (jobs * callsOfJob + beside) * mostTools
  const calls = logical * attempts
  return { callsAtOnce: lanes + beside, calls, steps: others + jobs + beside + logical + 2 * calls }
}
