import { readFile, rename, writeFile } from 'node:fs/promises'
import { type Report, reportSchema } from './report.ts'

/** A file is no report, cannot be read or written, or reports do not add up; the message names the file and says why. */
export class ReportError extends Error {
  override name = 'ReportError'
}

/** Where a report goes; it has another name until it is whole. */
export class ReportFile {
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** Throws a ReportError now rather than after the load, where nothing can be written. */
  static async open(path: string | undefined): Promise<ReportFile | undefined> {
    if (path === undefined) return undefined
    const file = new ReportFile(path)
    if (!file.isOutput) await file.#write('')
    return file
  }

  /** Whether it is the standard output, which is then no place for anything else. */
  get isOutput(): boolean {
    return this.#path === '-'
  }

  async write(report: Report): Promise<void> {
    if (this.isOutput) return void process.stdout.write(`${JSON.stringify(report)}\n`)
    await this.#write(`${JSON.stringify(report)}\n`)
    await rename(`${this.#path}.partial`, this.#path)
  }

  async #write(text: string): Promise<void> {
    try {
      await writeFile(`${this.#path}.partial`, text)
    } catch (error) {
      throw new ReportError(`${this.#path} cannot be written: ${(error as Error).message}`, { cause: error })
    }
  }
}

/** The log of a container has what else was said beside it. */
const reportLineIn = (text: string) => /^\{"version":.*\}$/m.exec(text)?.[0] ?? text

/** A report that `--report` wrote, or the whole output with one in it. */
export async function readReport(path: string) {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new ReportError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  try {
    return reportSchema.parse(JSON.parse(reportLineIn(text)))
  } catch (error) {
    throw new ReportError(`${path} is no report of npm run load`, { cause: error })
  }
}
