import { expect, test } from 'vitest'
import { VirtualClock } from '../src/virtual/clock.ts'
import { drive } from '../src/virtual/drive.ts'

const { signal } = new AbortController()

/** Goes on for many promises between two waits. */
async function long(clock: VirtualClock): Promise<number> {
  for (let wait = 1; wait <= 3; wait++) {
    for (let hop = 0; hop < 50; hop++) await Promise.resolve()
    await clock.sleep(10, signal)
  }
  return clock.now()
}

/** Drives some of them, from within a callback of the kind given. */
function driven(from: (callback: () => void) => void): Promise<number[]> {
  const begun = Array.from({ length: 20 }, (_, index) => {
    const clock = new VirtualClock(index)
    return { clock, result: () => long(clock) }
  })
  const ended: number[] = []
  return new Promise((resolve, reject) => {
    from(() => {
      const next = begun.values().map(({ clock, result }) => ({ clock, result: result() }))
      drive(next, (now) => void ended.push(now)).then(() => resolve(ended), reject)
    })
  })
}

test.each<[string, (callback: () => void) => void]>([
  ['a promise', (callback) => void Promise.resolve().then(callback)],
  ['a timer', (callback) => setTimeout(callback, 0)],
  ['the event loop', (callback) => setImmediate(callback)],
  ['a tick', (callback) => process.nextTick(callback)],
])('time goes on when all promises have, driven from %s', async (_, from) => {
  expect(await driven(from)).toEqual(Array.from({ length: 20 }, (_, index) => index + 30))
})

test('what waits for something else than virtual time is told', async () => {
  const clock = new VirtualClock(0)
  const { promise } = Promise.withResolvers<void>()
  await expect(drive([{ clock, result: promise }].values(), () => {})).rejects.toThrow('not in virtual time')
})
