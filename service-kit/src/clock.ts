import { onAbort } from './on-abort.ts'

/** Where a run takes its time from: spans, ledger and waits all read the same one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, with a fraction of a microsecond's resolution; never goes back. */
  now(): number
  /** Resolves after `ms` (0 to 2³¹−1; it may fire up to 1 ms early) or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted()
    if (ms <= 0) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        forget?.()
        resolve()
      }, ms)
      const forget =
        signal &&
        onAbort(signal, () => {
          clearTimeout(timer)
          reject(signal.reason as Error)
        })
    })
  },
}
