import type { Clock } from '../ports.ts'
import { Heap } from './heap.ts'

interface WakeUp {
  atMs: number
  order: number
  signal: AbortSignal
  wake: () => void
  callOff: (reason: unknown) => void
  isCalledOff: boolean
}

/**
 * Time that does not pass by itself: it jumps to the next wake-up when nothing is left to do at this instant. A wait of hours
 * takes as long as a function call. Every wait is the drawn one exactly, so a run in it is the same to the last digit wherever
 * it is played.
 */
export class VirtualClock implements Clock {
  readonly #startMs: number
  readonly #wakeUps = new Heap<WakeUp>()
  readonly #watched = new Set<AbortSignal>()
  /** Since the start: of small numbers no digit is lost. */
  #elapsedMs = 0
  #order = 0

  /** Begins at `startMs` since the epoch. */
  constructor(startMs: number) {
    this.#startMs = startMs
  }

  now(): number {
    return this.#startMs + this.#elapsedMs
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    if (ms <= 0) return done
    this.#watch(signal)
    return new Promise((wake, callOff) => {
      const atMs = this.#elapsedMs + ms
      this.#wakeUps.push({ atMs, order: this.#order++, signal, wake, callOff, isCalledOff: false })
    })
  }

  /** Jumps to the next instant at which somebody wakes, and wakes all who wait for it. False when nobody does. */
  advance(): boolean {
    const next = this.#next()
    if (!next) return false
    this.#elapsedMs = next.atMs
    for (let due: WakeUp | undefined = next; due?.atMs === this.#elapsedMs; due = this.#next()) {
      this.#wakeUps.pop()
      due.wake()
    }
    return true
  }

  /** Whoever wakes next; what was called off is forgotten on the way. */
  #next(): WakeUp | undefined {
    let next = this.#wakeUps.peek()
    for (; next?.isCalledOff; next = this.#wakeUps.peek()) this.#wakeUps.pop()
    return next
  }

  /** One listener a signal: thousands wait with the same one. */
  #watch(signal: AbortSignal): void {
    if (this.#watched.has(signal)) return
    this.#watched.add(signal)
    const callOff = () => {
      for (const wakeUp of this.#wakeUps.items) {
        if (wakeUp.signal !== signal || wakeUp.isCalledOff) continue
        wakeUp.isCalledOff = true
        wakeUp.callOff(signal.reason)
      }
    }
    signal.addEventListener('abort', callOff, { once: true })
  }
}

const done = Promise.resolve()
