import { onAbort } from './on-abort.ts'

/** Where a service takes its time from. */
export interface WallClock {
  /** Milliseconds since the Unix epoch, with a fraction of a microsecond's resolution; never goes back. */
  now(): number
  /** This clock, set by the wall's where the two have parted: the machine slept, or its time was corrected. */
  anchored(): WallClock
  /** Resolves after `ms` (0 to 2³¹−1; it may fire up to 1 ms early) or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The wall clock has whole milliseconds, rounded down: it may be this much behind one that agrees with it. */
const roundedMs = 1.1

/** A clock whose process began at `originMs` since the epoch. */
function clockFrom(originMs: number): WallClock {
  const clock: WallClock = {
    now: () => originMs + performance.now(),
    anchored() {
      const before = clock.now()
      const wall = Date.now()
      // A process that was held up between the two readings would take the time for a difference.
      const [most, least] = [wall - before, wall - clock.now()]
      const agrees = most >= -roundedMs && least <= roundedMs - 1
      return agrees ? clock : clockFrom(originMs + (most + least + roundedMs) / 2)
    },
    sleep,
  }
  return clock
}

export const systemClock: WallClock = clockFrom(performance.timeOrigin)

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
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
}
