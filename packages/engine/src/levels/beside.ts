import type { BackgroundMark } from '../operations/scripted-stream.ts'

/** Calls of a run that are under way, for a stream that goes on beside them. */
export class Beside {
  readonly #underWay = new Map<string, number>()
  readonly #listeners = new Set<(mark: BackgroundMark) => void>()

  has(tool: string): boolean {
    return (this.#underWay.get(tool) ?? 0) > 0
  }

  /** Tells of every begin and end from now on, until what is returned is called. */
  listen(listener: (mark: BackgroundMark) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A call of this tool is under way for as long as `work` takes. */
  async during<T>(tool: string, work: () => Promise<T>): Promise<T> {
    this.#change(tool, 1, 'background_started')
    try {
      return await work()
    } finally {
      this.#change(tool, -1, 'background_ended')
    }
  }

  #change(tool: string, by: number, mark: BackgroundMark): void {
    this.#underWay.set(tool, (this.#underWay.get(tool) ?? 0) + by)
    for (const listener of this.#listeners) listener(mark)
  }
}
