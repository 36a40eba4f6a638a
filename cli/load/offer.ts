import { setTimeout as sleep } from 'node:timers/promises'
import type { PlannedRun } from 'engine/mix/plan'
import { type Answered, ask } from './ask.ts'
import { runsInTime, type Schedule } from './schedule.ts'

/** A run that was offered, and what came of it. */
export interface Offered extends Answered {
  run: PlannedRun
  /** How long after its time it was sent, ms: what this process and its machine owe. */
  lateMs: number
  /** From the time at which it was to start to the end of its answer, ms. */
  latencyMs: number
  /** What trace-inspector says of its spans, where it was asked. */
  verdict?: string | undefined
}

export interface Offer extends Schedule {
  /** A unit asks one of them, its turns the same. */
  agents: readonly string[]
  /** How long to wait for answers after the last run has started, ms. */
  patienceMs: number
  /** Offers no more; what is under way goes on. */
  stop: AbortSignal
  /** Ends what is under way, too. */
  abort: AbortSignal
  /** Hears of each run when it starts. */
  begins?: (run: PlannedRun) => void
  /** Does something more for a run that was answered, before it counts as done. */
  answered?: (offered: Offered) => Promise<void>
}

/** What came of an offer. */
export interface Offers {
  /** In the order in which they started. */
  offered: Offered[]
  /** Whether that is all that was planned. */
  whole: boolean
}

/**
 * Starts every run at its time, whatever has become of the others: who is slow delays nobody, and a run whose answer is late
 * is late from the time at which it was to start.
 */
export async function offer({
  agents,
  patienceMs,
  stop,
  abort,
  begins,
  answered,
  ...schedule
}: Offer): Promise<Offers> {
  const patience = new AbortController()
  const signal = AbortSignal.any([patience.signal, abort])
  const startedAt = performance.now()
  const playing: Promise<Offered>[] = []
  let whole = true
  for (const run of runsInTime(schedule)) {
    await until(startedAt + run.atMs, stop)
    if (stop.aborted) {
      whole = false
      break
    }
    begins?.(run)
    playing.push(play(run))
  }
  const timer = setTimeout(() => patience.abort(), patienceMs)
  const offered = await Promise.all(playing)
  clearTimeout(timer)
  return { offered, whole }

  async function play(run: PlannedRun): Promise<Offered> {
    const dueAt = startedAt + run.atMs
    const lateMs = performance.now() - dueAt
    const answer = await ask(agents[run.unit % agents.length] as string, run, schedule.mix.blind, signal)
    const done: Offered = { ...answer, run, lateMs, latencyMs: performance.now() - dueAt }
    await answered?.(done)
    return done
  }
}

/** Longer waits than a timer takes come in pieces. */
const longestWaitMs = 1e9

async function until(at: number, stop: AbortSignal): Promise<void> {
  for (let left = at - performance.now(); left > 0 && !stop.aborted; left = at - performance.now()) {
    await sleep(Math.min(left, longestWaitMs), undefined, { signal: stop }).catch(() => {})
  }
}
