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
    await file.#write('')
    return file
  }

  async write(report: Report): Promise<void> {
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

export async function readReport(path: string) {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new ReportError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  try {
    return reportSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new ReportError(`${path} is no report of npm run load`, { cause: error })
  }
}
