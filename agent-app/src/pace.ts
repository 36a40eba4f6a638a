/**
 * Spreads work over turns of the event loop. When thousands of calls begin or end at once, whoever else asks something (a
 * health check) would wait for all of them; so only so many go on in one turn.
 */
export class Pace {
  readonly #most: number
  readonly #waiting: { pieces: number; begin: () => void }[] = []
  #begun = 0

  /** `most` pieces of work begin in a turn: some milliseconds of it. */
  constructor(most = 128) {
    this.#most = most
  }

  /**
   * Resolves when more work may begin, in the order in which it was asked for; undefined when it may begin at once. It counts
   * as `pieces`: one is the begin or the end of a call.
   */
  next(pieces = 1): Promise<void> | undefined {
    if (this.#begun === 0) setImmediate(this.#turn)
    if (this.#begun < this.#most) {
      this.#begun += pieces
      return undefined
    }
    return new Promise((begin) => this.#waiting.push({ pieces, begin }))
  }

  readonly #turn = (): void => {
    this.#begun = 0
    let count = 0
    for (; count < this.#waiting.length && this.#begun < this.#most; count++)
      this.#begun += (this.#waiting[count] as { pieces: number }).pieces
    if (this.#begun > 0) setImmediate(this.#turn)
    for (const { begin } of this.#waiting.splice(0, count)) begin()
  }
}
