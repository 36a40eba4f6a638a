import type { BackgroundMark } from '../operations/scripted-stream.ts'

/** Calls of a run that are under way, of tools and of models, for a stream that goes on beside them. */
export class Beside {
  readonly #underWay = new Map<string, number>()
  readonly #listeners = new Set<(mark: BackgroundMark) => void>()

  /** How many are of this tool or model. */
  count(of: string): number {
    return this.#underWay.get(of) ?? 0
  }

  /** Tells of every begin and end from now on, until what is returned is called. */
  listen(listener: (mark: BackgroundMark) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A call of this tool or model is under way for as long as `work` takes. */
  async during<T>(of: string, work: () => Promise<T>): Promise<T> {
    this.#change(of, 1, 'background_started')
    try {
      return await work()
    } finally {
      this.#change(of, -1, 'background_ended')
    }
  }

  #change(of: string, by: number, mark: BackgroundMark): void {
    this.#underWay.set(of, this.count(of) + by)
    for (const listener of this.#listeners) listener(mark)
  }
}
