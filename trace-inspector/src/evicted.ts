/**
 * Which traces had to go to bound memory, and since when that is known: a process knows nothing of what was before it, nor of
 * what came to another that it takes over from, and forgets the oldest of what it forgot.
 */
export class Evicted {
  readonly #most: number
  /** When each went, in that order. */
  readonly #ids = new Map<string, number>()
  /** On the clock of `performance.now()`, which nobody sets; it may be yet to come. */
  knownSince: number

  /** `most` is how many ids are kept, and `overlapMs` for how long another may still take what is for this one. */
  constructor(most: number, overlapMs: number) {
    this.#most = most
    this.knownSince = performance.now() + overlapMs
  }

  add(traceId: string): void {
    this.#ids.delete(traceId)
    this.#ids.set(traceId, performance.now())
    if (this.#ids.size <= this.#most) return
    for (const [oldest, wentAt] of this.#ids) {
      this.#ids.delete(oldest)
      this.knownSince = Math.max(this.knownSince, wentAt)
      return
    }
  }

  has(traceId: string): boolean {
    return this.#ids.has(traceId)
  }
}
