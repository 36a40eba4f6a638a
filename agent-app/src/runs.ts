import { Problem } from 'service-kit/problem'
import type { Run } from 'engine/run'

/** What one step takes in memory, roughly, bytes: measured on fan-outs of 10,000. */
export const bytesPerStep = 640

/**
 * The runs of the recent past. Their number is bounded by the memory that their steps take; the oldest go first. The newest
 * closed run stays however large it is, and one that runs is never forgotten.
 */
export class RunStore {
  /** In the order in which they began. */
  readonly #runs = new Set<Run>()
  readonly #byTrace = new Map<string, Run[]>()
  readonly #maxSteps: number
  #forgotten = 0

  constructor(maxBytes: number) {
    this.#maxSteps = Math.floor(maxBytes / bytesPerStep)
  }

  /** How many runs went because there was no room for them any more. */
  get forgotten(): number {
    return this.#forgotten
  }

  add(run: Run): void {
    const siblings = this.#byTrace.get(run.traceId)
    if (siblings) siblings.push(run)
    else this.#byTrace.set(run.traceId, [run])
    this.#runs.add(run)
    this.#makeRoom(run)
  }

  #makeRoom(newest: Run): void {
    let steps = 0
    for (const run of this.#runs) steps += run.ledger.steps.length
    for (const run of this.#runs) {
      if (steps <= this.#maxSteps) return
      if (run === newest || run.state === 'running') continue
      this.#forget(run)
      steps -= run.ledger.steps.length
    }
  }

  #forget(run: Run): void {
    this.#forgotten++
    this.#runs.delete(run)
    const siblings = this.find(run.traceId).filter((other) => other !== run)
    if (siblings.length > 0) this.#byTrace.set(run.traceId, siblings)
    else this.#byTrace.delete(run.traceId)
  }

  /** All runs of a trace: a caller's `traceparent` may put several into one. */
  find(traceId: string): readonly Run[] {
    return this.#byTrace.get(traceId) ?? []
  }

  /** The runs of a trace. Throws a 400 problem for what is no trace id, and a 404 that says which of two reasons it may have. */
  of(traceId: string): readonly Run[] {
    if (!/^[0-9a-f]{32}$/.test(traceId)) {
      const given = JSON.stringify(traceId.slice(0, 100))
      throw new Problem(400, 'Bad trace id', `${given} is not a trace id: 32 lower-case hex digits`)
    }
    const found = this.find(traceId)
    if (found.length === 0) {
      const why =
        this.#forgotten > 0
          ? `it never was, or it is one of the ${this.#forgotten} oldest that were forgotten to bound memory (LEDGER_MIB)`
          : 'none was forgotten, so it was not run by this process'
      throw new Problem(404, 'Unknown run', `There is no run with trace id ${traceId} here: ${why}`)
    }
    return found
  }

  /** The newest first. */
  recent(limit: number): Run[] {
    return [...this.#runs].reverse().slice(0, limit)
  }
}
