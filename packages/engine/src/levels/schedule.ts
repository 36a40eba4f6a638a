import { modelName } from '../model.ts'
import {
  type Attempt,
  type CallStep,
  type ChatStep,
  happens,
  type Job,
  jobsOf,
  type Out,
  type Script,
  type ScriptStep,
  valueOf,
} from './script.ts'
import { streamMs, type UnderWay } from './token-time.ts'

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

/** How long a step takes that begins at `startMs`, ms: a stream depends on the calls beside it. */
function lengthOf(step: ScriptStep, startMs: number, out: Out, beside: readonly UnderWay[]): number {
  if (step.kind === 'stream') return streamMs(step, startMs, beside, out)
  if (step.kind === 'hand_over') return valueOf(step.acceptMs, out) + (timesOf(step.steps, 0, out).at(-1)?.endMs ?? 0)
  if (step.kind !== 'call') return valueOf(step.ms, out)
  return attemptsOf(step, out).reduce((ms, { attempt, waitMs }) => ms + waitMs + valueOf(attempt.ms, out), 0)
}

/** Steps one after another from `startMs` on, ms. */
function timesOf(steps: readonly ScriptStep[], startMs: number, out: Out, beside: readonly UnderWay[] = []) {
  let atMs = startMs
  return stepsOf(steps, out).map((step) => {
    const beginMs = atMs + valueOf(step.gapMs, out)
    atMs = beginMs + lengthOf(step, beginMs, out, beside)
    return { step, startMs: beginMs, endMs: atMs }
  })
}

export interface Schedule {
  /** From the first step to the last, ms. */
  totalMs: number
  /** The same but for people: who waits for them does nothing. */
  workMs: number
  /** When each job begins and ends, ms after the first step, and its lane. */
  jobs: readonly { startMs: number; endMs: number; lane: number }[]
}

/** What of a script takes time. */
type Work = Pick<Script, 'before' | 'jobs' | 'jobsWithout' | 'after' | 'lanes'>

/** When everything in a script happens without the faults that are out, if nothing but its own times takes time. */
export function scheduleOf(script: Work, out: Out): Schedule {
  const { before, after } = script
  const jobs = jobsOf(script, out)
  const { lanes = jobs.length } = script
  const endOf = (steps: readonly ScriptStep[], startMs: number, beside?: readonly UnderWay[]) =>
    timesOf(steps, startMs, out, beside).at(-1)?.endMs ?? startMs
  const beginMs = endOf(before, 0)
  const freeMs = new Float64Array(Math.max(1, lanes)).fill(beginMs)
  const planned: Schedule['jobs'][number][] = []
  const plan = (index: number) => {
    const job = jobs[index] as Job
    const lane = job.beside === undefined ? earliest(freeMs) : -1
    const startMs = startOf(job, planned, lane < 0 ? beginMs : (freeMs[lane] as number))
    const endMs = job.isOpen
      ? job.steps.reduce((latest, step) => Math.max(latest, endOf([step], startMs)), startMs)
      : endOf(job.steps, startMs, streams(job) ? callsUnderWay(jobs, planned, out) : undefined)
    if (lane >= 0) freeMs[lane] = endMs
    planned[index] = { startMs, endMs, lane }
  }
  // A stream last: how long it takes is known once it is known what goes on beside it.
  jobs.forEach((job, index) => streams(job) || plan(index))
  jobs.forEach((job, index) => streams(job) && plan(index))
  const endMs = planned.reduce((latest, { endMs }) => Math.max(latest, endMs), beginMs)
  const totalMs = endOf(after, endMs)
  return { totalMs, workMs: totalMs - waitedMs(script, out), jobs: planned }
}

const streams = ({ steps }: Job) => steps.some(({ kind }) => kind === 'stream')

/** What faults are judged by: how long the run takes, or the calls that it compares, ms. */
export function takenMs(script: Work & Pick<Script, 'compares'>, out: Out): number {
  const { compares } = script
  if (!compares) return scheduleOf(script, out).totalMs
  const calls = jobsOf(script, out).flatMap(({ steps }) => stepsOf(steps, out).filter(({ key }) => compares.has(key)))
  return calls.reduce((sum, step) => sum + lengthOf(step, 0, out, []), 0)
}

/** How long people are waited for, ms. */
function waitedMs(script: Work, out: Out): number {
  const { before, after } = script
  let ms = 0
  for (const steps of [before, ...jobsOf(script, out).map(({ steps }) => steps), after])
    for (const step of steps) if (step.kind === 'wait' && happens(step, out)) ms += valueOf(step.ms, out)
  return ms
}

/** Every call of the jobs, of tools and of models, and when it is under way. */
export function underWayIn(script: Work, out: Out): UnderWay[] {
  return callsUnderWay(script.jobs, scheduleOf(script, out).jobs, out)
}

function callsUnderWay(jobs: readonly Job[], planned: readonly { startMs: number }[], out: Out): UnderWay[] {
  return planned.flatMap(({ startMs }, index) => {
    const job = jobs[index] as Job
    if (streams(job)) return []
    return timesOf(job.steps, startMs, out).flatMap(({ step, ...times }) =>
      step.kind === 'call' || step.kind === 'chat' ? { key: step.key, of: calledBy(step), ...times } : [],
    )
  })
}

/** The tool that a call is of, or the model. */
export const calledBy = (step: CallStep | ChatStep) => (step.kind === 'call' ? step.tool : (step.model ?? modelName))

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
