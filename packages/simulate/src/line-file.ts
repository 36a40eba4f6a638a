import { createWriteStream, lstatSync, renameSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { SimulateError } from './error.ts'

/**
 * A file that is written under another name until it is whole; compressed where its name ends in `.gz`. `-` is the standard
 * output; what is no regular file (a pipe, a device) is written as it is.
 */
export class LineFile {
  readonly #path: string
  /** The name that it has before it is whole; undefined where there is nothing to rename. */
  readonly partial: string | undefined
  readonly #into: Writable
  /** The stream that reaches the file. */
  readonly #out: Writable
  #failure: SimulateError | undefined
  /** Wakes those who wait for room. */
  readonly #waiting = new Set<() => void>()

  private constructor(path: string) {
    this.#path = path
    this.partial = path === '-' || isSpecial(path) ? undefined : `${path}.partial`
    this.#out = path === '-' ? process.stdout : createWriteStream(this.partial ?? path)
    this.#out.on('error', (error) => this.#fail(error))
    const gzip = path.endsWith('.gz') ? createGzip({ level: 3 }) : undefined
    gzip?.pipe(this.#out)
    this.#into = gzip ?? this.#out
  }

  /** Rejects with a SimulateError when it cannot be written. */
  static async open(path: string): Promise<LineFile> {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw new SimulateError(`${resolve(path)} is a folder; expected the name of a file`)
    const file = new LineFile(path)
    if (path !== '-') await Promise.race([once(file.#out, 'open'), once(file.#out, 'close')]).catch(() => {})
    if (file.#failure) throw file.#failure
    return file
  }

  /** Resolves when there is room for more. Rejects with a SimulateError when it cannot be written any more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
      if (this.#into.write(bytes, wake)) wake()
    })
    if (this.#failure) throw this.#failure
  }

  /** It has all that it is to have: closes it, and gives it its name where it `isWhole`. */
  async end(isWhole: boolean): Promise<void> {
    if (this.#out === process.stdout) return
    if (!this.#failure) {
      this.#into.end()
      await once(this.#out, 'close').catch(() => {})
    }
    if (this.#failure) throw this.#failure
    if (!isWhole || this.partial === undefined) return
    try {
      renameSync(this.partial, this.#path)
    } catch (error) {
      throw this.#cannotBeWritten(error as Error)
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failure ??= this.#cannotBeWritten(error)
    this.#into.destroy()
    if (this.partial !== undefined) rmSync(this.partial, { force: true })
    for (const wake of this.#waiting) wake()
  }

  #cannotBeWritten({ code, message }: NodeJS.ErrnoException): SimulateError {
    const where = this.#path === '-' ? 'The standard output' : resolve(this.#path)
    return new SimulateError(`${where} cannot be written: ${code === 'EPIPE' ? 'nobody reads it any more' : message}`)
  }
}

function isSpecial(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats !== undefined && !stats.isFile()
}
