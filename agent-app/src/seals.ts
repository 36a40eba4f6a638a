import { type Seal, seal } from 'contract/seal'
import type { Run } from 'engine/run'
import { Problem } from 'service-kit/problem'

/** From the first question for the hash of a key on, ms: well above what a key takes, for that tells of its faults. */
const hashAfterMs = 10_000

/**
 * Which runs keep what they know to themselves: blind ones, until their trace has been answered. Each trace takes one answer,
 * open or blind; the first decides, however many come at once.
 */
export class Seals {
  readonly #answeredAt = new WeakMap<Run, Date>()
  readonly #seals = new WeakMap<Run, Seal>()
  /** When the hash of its key was asked for first. */
  readonly #askedAtMs = new WeakMap<Run, number>()
  readonly #now: () => number

  /** `now` in ms, from whenever. */
  constructor(now: () => number) {
    this.#now = now
  }

  isSealed(run: Run): boolean {
    return run.isBlind && !this.#answeredAt.has(run)
  }

  /** What stands for the key of a run: the same as long as the run is kept. undefined while it has none. */
  sealOf(run: Run): Seal | undefined {
    if (!this.#seals.has(run) && run.key !== null && run.key !== 'pending') this.#seals.set(run, seal(run.key))
    return this.#seals.get(run)
  }

  /** What is told of a blind run before it is open: the hash of its key, `pending` until all would have one, null while it has none. */
  #hashOf(run: Run): string | null {
    if (run.state === 'running') return null
    const now = this.#now()
    const askedAtMs = this.#askedAtMs.get(run) ?? now
    this.#askedAtMs.set(run, askedAtMs)
    if (now - askedAtMs < hashAfterMs || run.key === 'pending') return 'pending'
    return this.sealOf(run)?.sha256 ?? null
  }

  /** Throws a 423 problem when one of these runs of a trace is sealed. */
  refuseSealed(runs: readonly Run[]): void {
    const sealed = runs.find((run) => this.isSealed(run))
    if (!sealed) return
    throw new Problem(
      423,
      'Sealed',
      `This is a blind run: POST /runs/${sealed.traceId}/answer opens it, once, and so does ANSWERS_TOKEN in Authorization: Bearer`,
      { members: { trace_id: sealed.traceId, key_sha256: this.#hashOf(sealed) } },
    )
  }

  /** Whether the trace of these runs has had its answer. */
  isAnswered(runs: readonly Run[]): boolean {
    return runs.some((run) => this.#answeredAt.has(run))
  }

  /** Throws a 409 problem when the trace of these runs has had its answer: nobody could open a blind run that joins it. */
  refuseAnswered(runs: readonly Run[]): void {
    const answeredAt = runs.map((run) => this.#answeredAt.get(run)).find((at) => at !== undefined)
    if (answeredAt)
      throw new Problem(
        409,
        'Answered',
        `This trace was answered at ${answeredAt.toISOString()}: the first answer counts`,
      )
  }

  /** Takes the answer to the runs of a trace, and opens them. Throws a 409 problem when they had one, or go on. */
  answer(runs: readonly Run[]): void {
    this.refuseAnswered(runs)
    if (runs.some(({ state }) => state === 'running'))
      throw new Problem(409, 'Running', 'This run goes on: it can be answered when it has ended')
    for (const run of runs) this.#answeredAt.set(run, new Date())
  }
}
