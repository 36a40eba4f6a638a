/**
 * Spreads work over turns of the event loop. When thousands of calls begin or end at once, whoever else asks something (a
 * health check) would wait for all of them; so only so many go on in one turn.
 */
export class Pace {
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #begun = 0

  /** `most` pieces of work begin in a turn: some milliseconds of it. */
  constructor(most = 128) {
    this.#most = most
  }

  /** Resolves when one more piece may begin, in the order in which they asked; undefined when it may begin at once. */
  next(): Promise<void> | undefined {
    if (this.#begun === 0) setImmediate(this.#turn)
    if (this.#begun++ < this.#most) return undefined
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  readonly #turn = (): void => {
    const next = this.#waiting.splice(0, this.#most)
    this.#begun = next.length
    if (this.#begun > 0) setImmediate(this.#turn)
    for (const begin of next) begin()
  }
}
