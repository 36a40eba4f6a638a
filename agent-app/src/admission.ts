import { Problem } from 'service-kit/problem'

/** How many tool calls a run with these parameters may have under way at the same time. */
export function declaredConcurrency(params: { concurrency?: unknown; fanout?: unknown }): number {
  if (typeof params.concurrency === 'number') return params.concurrency
  return typeof params.fanout === 'number' ? params.fanout : 1
}

/**
 * Admits runs while the tool calls that they may have under way together stay within a limit. A run that alone is over the
 * limit is admitted when there is no other, so that every legal run can happen.
 */
export class Admission {
  readonly #limit: number
  #admitted = 0
  #runs = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get runs(): number {
    return this.#runs
  }

  /** Takes a place, and returns how to give it back. Throws a 503 problem with `Retry-After` when there is none. */
  admit(calls: number): () => void {
    if (this.#runs > 0 && this.#admitted + calls > this.#limit) {
      throw new Problem(
        503,
        'Too many runs',
        `${this.#runs} runs with up to ${this.#admitted} tool calls are in flight; ${calls} more would exceed ${this.#limit}`,
        {
          headers: { 'Retry-After': '1' },
        },
      )
    }
    this.#admitted += calls
    this.#runs++
    return () => {
      this.#admitted -= calls
      this.#runs--
    }
  }
}
