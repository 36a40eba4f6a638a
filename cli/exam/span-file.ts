import { LineFile } from 'simulate/line-file'
import type { PlayedRun } from 'simulate/play'
import { SpanLines } from 'simulate/sinks/lines'

/** The spans of an exam, in the order in which runs and parts of runs begin: what stands beside a trace says nothing of where it went on. */
export class SpanFile {
  readonly #file: LineFile
  readonly #lines: SpanLines
  #begun: { run: PlayedRun; startMs: number }[] = []

  private constructor(file: LineFile) {
    this.#file = file
    this.#lines = new SpanLines((bytes) => file.write(bytes))
  }

  static async open(path: string): Promise<SpanFile> {
    return new SpanFile(await LineFile.open(path))
  }

  /** A run, and who played parts of it; none that is added later begins before it. */
  async add(played: PlayedRun): Promise<void> {
    const all = [played, ...played.parts].map((run) => ({ run, startMs: run.ledger().steps[0]?.start_ms ?? 0 }))
    await this.#writeUntil(all[0]?.startMs ?? 0)
    this.#begun.push(...all)
  }

  async end(): Promise<void> {
    await this.#writeUntil(Infinity)
    await this.#lines.end()
    await this.#file.end(true)
  }

  async #writeUntil(ms: number): Promise<void> {
    const { due = [], later = [] } = Object.groupBy(this.#begun, ({ startMs }) => (startMs <= ms ? 'due' : 'later'))
    this.#begun = later
    for (const { run } of due.sort((a, b) => a.startMs - b.startMs)) await this.#lines.take(run)
  }
}
