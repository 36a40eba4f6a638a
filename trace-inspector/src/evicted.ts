/**
 * Which traces had to go to bound memory, and since when that is known: a process knows nothing of what was before it, and
 * forgets the oldest of what it forgot.
 */
export class Evicted {
  readonly #most: number
  /** When each went, in that order. */
  readonly #ids = new Map<string, number>()
  /** On the clock of `performance.now()`, which nobody sets. */
  knownSince = performance.now()

  /** `most` is how many ids are kept. */
  constructor(most: number) {
    this.#most = most
  }

  add(traceId: string): void {
    this.#ids.delete(traceId)
    this.#ids.set(traceId, performance.now())
    if (this.#ids.size <= this.#most) return
    for (const [oldest, wentAt] of this.#ids) {
      this.#ids.delete(oldest)
      this.knownSince = wentAt
      return
    }
  }

  has(traceId: string): boolean {
    return this.#ids.has(traceId)
  }
}
