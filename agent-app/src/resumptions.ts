import type { Part } from 'contract/handoff'
import { CallFailure } from 'engine/errors'
import type { WholeRun } from 'engine/ports'
import type { Run } from 'engine/run'
import type { WallClock } from 'service-kit/clock'
import { Problem } from 'service-kit/problem'
import type { Lifecycle } from 'service-kit/serve'
import { PeerClient } from './peer-client.ts'

/** What is kept of each is some kilobytes, for as long as its person takes: days. */
const mostWaiting = 10_000
/** After a refusal, ms; it doubles with each. Beyond so many a run does not go on any more. */
const firstPauseMs = 1000
const mostAttempts = 8

/** What going on takes: a run may be forgotten before its person has answered. */
interface Waiting {
  run: WeakRef<Run>
  traceId: string
  whole: WholeRun
  part: Part
  afterMs: number
  origin: string
}

/** Runs that have ended for now: each goes on once its person has answered, here, in a trace of its own. */
export class Resumptions {
  readonly #clock: WallClock
  readonly #lifecycle: Lifecycle
  readonly #most: number
  readonly #failures = new WeakMap<Run, string>()
  #waiting = 0

  constructor({ clock, lifecycle }: { clock: WallClock; lifecycle: Lifecycle }, most = mostWaiting) {
    this.#clock = clock
    this.#lifecycle = lifecycle
    this.#most = most
  }

  /** Throws a 503 problem where no run may begin that is to go on later. */
  refuseBeyond(): void {
    if (this.#waiting < this.#most) return
    throw new Problem(503, 'Too many runs', `${this.#waiting} runs wait for a person; no more are begun that would`, {
      headers: { 'Retry-After': '10' },
    })
  }

  /** A run that is over, if only for now; `origin` is where this process takes hand-overs. */
  add(run: Run, origin: string): void {
    const { suspended, whole, traceId, ok } = run
    if (!suspended || ok === null) return
    const { afterMs, part } = suspended
    this.#waiting++
    void this.#goOn({ run: new WeakRef(run), traceId, whole, part, afterMs, origin }).finally(() => this.#waiting--)
  }

  /** When a run goes on, and in what trace it has, or why it has not. */
  of(run: Run) {
    const { suspended, resumedIn } = run
    if (!suspended) return undefined
    const failure = this.#failures.get(run)
    return {
      resumes_after_s: suspended.afterMs / 1000,
      resumed_in: resumedIn ?? null,
      ...(failure !== undefined && { resume_error: failure }),
    }
  }

  async #goOn({ run: of, traceId, whole, part, afterMs, origin }: Waiting): Promise<void> {
    const { stopping, aborting } = this.#lifecycle
    const here = new PeerClient(origin)
    try {
      await this.#clock.sleep(afterMs, stopping)
      for (let attempt = 1; ; attempt++) {
        try {
          const { trace_id } = await here.resume(whole, part, aborting)
          const run = of.deref()
          if (run) run.resumedIn = trace_id
          return
        } catch (error) {
          if (!wasRefused(error) || attempt === mostAttempts) throw error
          await this.#clock.sleep(firstPauseMs * 2 ** (attempt - 1), stopping)
        }
      }
    } catch (error) {
      if (stopping.aborted) return
      const run = of.deref()
      if (run) this.#failures.set(run, (error as Error).message)
      console.error(`The run of ${traceId} did not go on:`, error)
    }
  }
}

/** Whether it may be asked for again: what was begun would be done twice. */
const wasRefused = (error: unknown) => error instanceof CallFailure && error.answer.status === 503
