export interface BackoffLimits {
  /** First and longest pause after a failure that may pass, ms; it doubles in between. */
  backoffMs: number
  maxBackoffMs: number
  /** Longest pause that whoever failed may ask for, ms. */
  maxAskedMs: number
}

/** When to try again. All attempts share it, side by side as they may be. Times are those of `performance.now()`. */
export class Backoff {
  readonly #limits: BackoffLimits
  #nextMs: number
  #pausedUntil = 0

  constructor(limits: BackoffLimits) {
    this.#limits = limits
    this.#nextMs = limits.backoffMs
  }

  /** How much is left of the pause, ms; nothing is to be tried while it is above 0. */
  leftMs(now: number): number {
    return this.#pausedUntil - now
  }

  /** Pauses: longer each time, and for as long as was asked, each within its bound. */
  failed(askedMs = 0): void {
    const { maxBackoffMs, maxAskedMs } = this.#limits
    const now = performance.now()
    // Attempts that fail side by side fail for one reason, and count once.
    const isFirst = now >= this.#pausedUntil
    const pauseMs = Math.max(Math.min(askedMs, maxAskedMs), isFirst ? this.#nextMs : 0)
    if (isFirst) this.#nextMs = Math.min(this.#nextMs * 2, maxBackoffMs)
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs)
  }

  /** An attempt that began before another failed says nothing of how things are since. */
  succeeded(startedAt: number): void {
    if (startedAt >= this.#pausedUntil) this.#nextMs = this.#limits.backoffMs
  }

  /** Ends the pause: there is a reason to try now. */
  reset(): void {
    this.#pausedUntil = 0
    this.#nextMs = this.#limits.backoffMs
  }
}
