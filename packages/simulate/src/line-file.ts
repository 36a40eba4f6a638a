import { once } from 'node:events'
import { constants, createWriteStream, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import { SimulateError } from './error.ts'

/** What is to be heeded when one is opened. */
export interface Opening {
  /** What comes before is in another: none that is there is written over. */
  goesOn?: boolean
  /** Waits for no reader any more; and for nothing. */
  soon?: AbortSignal
  now?: AbortSignal
}

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

  private constructor(path: string, partial: string | undefined, out: Writable) {
    this.#path = path
    this.partial = partial
    this.#out = out
    this.#out.on('error', (error) => this.#fail(error))
    const gzip = path.endsWith('.gz') ? createGzip({ level: 3 }) : undefined
    gzip?.pipe(this.#out)
    this.#into = gzip ?? this.#out
  }

  /** Rejects with a SimulateError when it cannot be written. */
  static async open(path: string, opening: Opening = {}): Promise<LineFile> {
    const file = await LineFile.#opened(path, opening)
    opening.now?.addEventListener('abort', () => file.#fail(new Error('nobody waits for it any more')))
    return file
  }

  static async #opened(path: string, { goesOn = false, soon }: Opening): Promise<LineFile> {
    if (path === '-') return new LineFile(path, undefined, process.stdout)
    const there = statSync(path, { throwIfNoEntry: false })
    if (there?.isDirectory()) throw new SimulateError(`${resolve(path)} is a folder; expected the name of a file`)
    if (there?.isFIFO()) return new LineFile(path, undefined, await openPipe(path, soon))
    const partial = there && !there.isFile() ? undefined : `${path}.partial`
    const taken = goesOn && partial !== undefined ? [path, partial].find((name) => existsSync(name)) : undefined
    if (taken !== undefined)
      throw new SimulateError(
        `${resolve(taken)} may have what came before: rename it, or give what follows another file`,
      )
    const file = new LineFile(path, partial, createWriteStream(partial ?? path))
    await Promise.race([once(file.#out, 'open'), once(file.#out, 'close')]).catch(() => {})
    if (file.#failure) throw file.#failure
    return file
  }

  /** It is not to be: nothing stays of it. */
  discard(): void {
    this.#fail(new Error('it was given up'))
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
      throw cannotBeWritten(this.#path, error as Error)
    }
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failure ??= cannotBeWritten(this.#path, error)
    if (this.#into !== process.stdout) this.#into.destroy()
    if (this.partial !== undefined) rmSync(this.partial, { force: true })
    for (const wake of this.#waiting) wake()
  }
}

/** How often somebody is looked for who reads a pipe, ms. */
const lookMs = 100

/** A pipe with a name. Opened like a file it would hold up a thread, and the process's end, until somebody reads it. */
async function openPipe(path: string, soon: AbortSignal | undefined): Promise<Writable> {
  while (!soon?.aborted) {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
      return new Socket({ fd, readable: false, writable: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw cannotBeWritten(path, error as Error)
      await sleep(lookMs, undefined, soon && { signal: soon }).catch(() => {})
    }
  }
  throw new SimulateError(`${resolve(path)} is a pipe that nobody reads`)
}

function cannotBeWritten(path: string, { code, message }: NodeJS.ErrnoException): SimulateError {
  const where = path === '-' ? 'The standard output' : resolve(path)
  return new SimulateError(`${where} cannot be written: ${code === 'EPIPE' ? 'nobody reads it any more' : message}`)
}
