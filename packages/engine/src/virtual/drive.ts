import { setImmediate } from 'node:timers/promises'
import type { VirtualClock } from './clock.ts'

/** What is played in virtual time, and the clock that it is played by. */
export interface Played<T> {
  clock: VirtualClock
  result: Promise<T>
}

/** So many are under way at once: a turn, which lets all that is due happen, is shared by them. */
const together = 2

/** After so long the event loop comes round, for whatever else the process does, ms. */
const longestTurnsMs = 5

/**
 * Plays one after the other what `next` begins, until it yields nothing more; what has ended is handed over in the order in
 * which it was begun. Resolves when all have been.
 */
export async function drive<T>(next: Iterator<Played<T>>, take: (result: T) => void | Promise<void>): Promise<void> {
  const begun: { clock: VirtualClock; outcome: { value: T } | { error: unknown } | undefined }[] = []
  let isOver = false
  const begin = (): void => {
    const { value, done } = next.next()
    if (done) {
      isOver = true
      return
    }
    const entry: (typeof begun)[number] = { clock: value.clock, outcome: undefined }
    value.result.then(
      (result) => (entry.outcome = { value: result }),
      (error: unknown) => (entry.outcome = { error }),
    )
    begun.push(entry)
  }
  let cameRoundAt = performance.now()
  for (;;) {
    while (!isOver && begun.length < together) begin()
    if (begun.length === 0) return
    await allHasGoneOn()
    if (performance.now() - cameRoundAt > longestTurnsMs) {
      await setImmediate()
      cameRoundAt = performance.now()
    }
    for (const { clock, outcome } of begun) {
      if (!outcome && !clock.advance()) throw new Error('A run waits for something that is not in virtual time')
    }
    while (begun[0]?.outcome) {
      const { outcome } = begun.shift() as { outcome: { value: T } | { error: unknown } }
      if ('error' in outcome) throw outcome.error
      await take(outcome.value)
    }
  }
}

/**
 * Resolves when everything that can go on at this instant has gone on: a tick that is asked for among promises comes when none
 * is left. One that is asked for elsewhere may come before them.
 */
const allHasGoneOn = () => new Promise<void>((resolve) => void settled.then(() => process.nextTick(resolve)))

/** What waits for it is a promise's own; `queueMicrotask` tells hooks of each, and costs several times as much. */
const settled = Promise.resolve()
