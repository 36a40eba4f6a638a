/** What becomes of a call that comes to a tool of a certain capacity. */
export type Admission = 'begins' | 'waits' | 'refused'

/**
 * A tool that does so many calls at a time: the next ones wait in a queue of a certain length, first come first served, and
 * what comes beyond is refused (in Kendall's notation a G/G/c/K queue, https://en.wikipedia.org/wiki/Kendall%27s_notation).
 * It knows no time: whoever has a clock, real or not, says what comes and what is done.
 */
export class Slots<Call> {
  readonly #waiting: Call[] = []
  #busy = 0
  #capacity: number
  readonly #queue: number

  constructor(capacity: number, queue: number) {
    this.#capacity = capacity
    this.#queue = queue
  }

  /** Calls that are being done, and calls that wait. */
  get busy(): number {
    return this.#busy
  }
  get waiting(): number {
    return this.#waiting.length
  }

  arrive(call: Call): Admission {
    if (this.#busy < this.#capacity) {
      this.#busy++
      return 'begins'
    }
    if (this.#waiting.length >= this.#queue) return 'refused'
    this.#waiting.push(call)
    return 'waits'
  }

  /** One is done: those that begin now. */
  done(): Call[] {
    this.#busy--
    return this.#fill()
  }

  /** One that waits does so no longer. */
  leave(call: Call): void {
    const place = this.#waiting.indexOf(call)
    if (place >= 0) this.#waiting.splice(place, 1)
  }

  /** It does more at a time from now on, or fewer once those that have begun are done: those that begin now. */
  resize(capacity: number): Call[] {
    this.#capacity = capacity
    return this.#fill()
  }

  #fill(): Call[] {
    const free = Math.max(0, this.#capacity - this.#busy)
    const next = this.#waiting.splice(0, free)
    this.#busy += next.length
    return next
  }
}
