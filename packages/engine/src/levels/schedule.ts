import {
  type Attempt,
  type CallStep,
  happens,
  type Job,
  type Out,
  type Script,
  type ScriptStep,
  valueOf,
} from './script.ts'

/** An attempt that happens, and how long it is waited for it, ms. */
export interface PlannedAttempt {
  attempt: Attempt
  waitMs: number
}

/** The attempts of a call that happen; the first of them is not waited for. */
export function attemptsOf(call: CallStep, out: Out): PlannedAttempt[] {
  return call.attempts
    .filter((attempt) => happens(attempt, out))
    .map((attempt, index) => ({ attempt, waitMs: index === 0 ? 0 : valueOf(attempt.waitMs, out) }))
}

/** The steps that happen, in order. */
export function stepsOf(steps: readonly ScriptStep[], out: Out): ScriptStep[] {
  return steps.filter((step) => happens(step, out) && (step.kind !== 'call' || attemptsOf(step, out).length > 0))
}

/** How long steps take one after another, the gaps before them included, ms. */
function lengthOf(steps: readonly ScriptStep[], out: Out): number {
  let ms = 0
  for (const step of stepsOf(steps, out)) {
    ms += valueOf(step.gapMs, out)
    if (step.kind !== 'call') ms += valueOf(step.ms, out)
    else for (const { attempt, waitMs } of attemptsOf(step, out)) ms += waitMs + valueOf(attempt.ms, out)
  }
  return ms
}

export interface Schedule {
  /** From the first step to the last, ms. */
  totalMs: number
  /** When each job begins and ends, ms after the first step, and its lane. */
  jobs: readonly { startMs: number; endMs: number; lane: number }[]
}

/** When everything in a script happens without the faults that are out, if nothing but its own times takes time. */
export function scheduleOf(
  { before, jobs, after, lanes = jobs.length }: Pick<Script, 'before' | 'jobs' | 'after' | 'lanes'>,
  out: Out,
): Schedule {
  const beginMs = lengthOf(before, out)
  const freeMs = new Float64Array(Math.max(1, lanes)).fill(beginMs)
  const planned: { startMs: number; endMs: number; lane: number }[] = []
  jobs.forEach((job, index) => {
    const lane = job.beside === undefined ? earliest(freeMs) : -1
    const startMs = startOf(job, planned, lane < 0 ? beginMs : (freeMs[lane] as number))
    const endMs = startMs + lengthOf(job.steps, out)
    if (lane >= 0) freeMs[lane] = endMs
    planned[index] = { startMs, endMs, lane }
  })
  const endMs = planned.reduce((latest, { endMs }) => Math.max(latest, endMs), beginMs)
  return { totalMs: endMs + lengthOf(after, out), jobs: planned }
}

/** A job waits for its lane, for the jobs that it needs, and for the one that it begins with. */
function startOf(
  { after = [], beside }: Job,
  planned: readonly { startMs: number; endMs: number }[],
  readyMs: number,
): number {
  const needed = after.map((index) => planned[index]?.endMs ?? 0)
  const begun = beside === undefined ? 0 : (planned[beside]?.startMs ?? 0)
  return Math.max(readyMs, begun, ...needed)
}

function earliest(freeMs: Float64Array): number {
  let first = 0
  for (let lane = 1; lane < freeMs.length; lane++)
    if ((freeMs[lane] as number) < (freeMs[first] as number)) first = lane
  return first
}
