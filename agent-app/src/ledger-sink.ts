import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerStep, RunLedger } from 'contract/ledger'
import type { Run } from 'engine/run'
import { runPieces } from './ledger-pieces.ts'
import { bytesPerStep } from './runs.ts'

/** Takes lines of JSON in their order. */
export interface LineWriter {
  /** Where, without what may be secret in it. */
  name: string
  /** Rejects where it was not taken; the same line may be given again, unless with NeverTaken. */
  write: (line: Buffer) => Promise<void>
}

/** A line that will not be taken however often it is given. */
export class NeverTaken extends Error {
  override name = 'NeverTaken'
}

export interface SinkCounters {
  written: number
  queued: number
  /** There was no room for them, or no time before the process ended; or they were refused for good. */
  dropped: number
}

export interface SinkOptions {
  /** What ledgers that wait may take, bytes: there is always room for one. */
  maxBytes: number
  /** Hears when writing began to fail or to be refused, and when it went on. */
  tell: (line: string) => void
  /** After a write that failed, ms; it doubles up to the longest. */
  pauseMs?: { first: number; longest: number }
}

/** A run that is closed, and its ledger with all that is known once its key has been made. */
interface Closed {
  run: Run
  ledgerOf: () => Promise<RunLedger>
}

/** A step may end after its request was answered. It is waited for, but not for ever, ms. */
const lastStepsMs = 5000
const lookMs = 20

/**
 * Writes the ledger of each closed run elsewhere as well, so that it outlives this process: one after the other, in pieces of
 * a turn, while no run waits for it. What cannot be kept is counted.
 */
export class LedgerSink {
  readonly #writer: LineWriter
  readonly #options: Required<SinkOptions>
  readonly #queue: Closed[] = []
  readonly #ended = new AbortController()
  #steps = 0
  #written = 0
  #dropped = 0
  #trouble: 'failing' | 'refused' | undefined
  #working: Promise<void> | undefined

  constructor(writer: LineWriter, options: SinkOptions) {
    this.#writer = writer
    this.#options = { pauseMs: { first: 500, longest: 30_000 }, ...options }
  }

  get counters(): SinkCounters {
    return { written: this.#written, queued: this.#queue.length, dropped: this.#dropped }
  }

  /** A run that is closed; `ledgerOf` is asked when its turn comes, and its last step has ended. */
  add(run: Run, ledgerOf: () => Promise<RunLedger>): void {
    const steps = stepsOf(run).length
    const isFull = this.#queue.length > 0 && (this.#steps + steps) * bytesPerStep > this.#options.maxBytes
    if (this.#ended.signal.aborted || isFull) return void this.#dropped++
    this.#queue.push({ run, ledgerOf })
    this.#steps += steps
    this.#working ??= this.#work()
  }

  /**
   * Writes what there is, for `deadlineMs` at most: a write that is under way then is not waited for. Resolves to how many
   * ledgers were lost by its end.
   */
  async close(deadlineMs: number): Promise<number> {
    const timer = setTimeout(() => this.#ended.abort(), deadlineMs)
    await Promise.race([this.#working, once(this.#ended.signal, 'abort')])
    clearTimeout(timer)
    this.#ended.abort()
    const left = this.#queue.splice(0).length
    this.#dropped += left
    return left
  }

  async #work(): Promise<void> {
    const { signal } = this.#ended
    for (let closed = this.#queue[0]; closed && !signal.aborted; closed = this.#queue[0]) {
      const line = await lineOf(closed)
      const fate = await this.#write(line)
      if (fate === 'left') break
      this.#queue.shift()
      this.#steps -= stepsOf(closed.run).length
      if (fate === 'written') this.#written++
      else this.#dropped++
    }
    this.#working = undefined
  }

  /** Until it was taken or refused for good; `left` where the end came first. */
  async #write(line: Buffer): Promise<'written' | 'dropped' | 'left'> {
    const { signal } = this.#ended
    const { tell, pauseMs } = this.#options
    for (let pause = pauseMs.first; !signal.aborted; pause = Math.min(pause * 2, pauseMs.longest)) {
      try {
        await this.#writer.write(line)
        // The end has counted it as lost.
        if (signal.aborted) break
        if (this.#trouble) tell(`Ledgers go to ${this.#writer.name} again`)
        this.#trouble = undefined
        return 'written'
      } catch (error) {
        if (signal.aborted) break
        const trouble = error instanceof NeverTaken ? 'refused' : 'failing'
        const what = trouble === 'refused' ? 'A ledger cannot go to' : 'Ledgers cannot go to'
        const fate = trouble === 'refused' ? 'and is lost' : 'and wait'
        if (this.#trouble !== trouble) tell(`${what} ${this.#writer.name}, ${fate}: ${(error as Error).message}`)
        this.#trouble = trouble
        if (trouble === 'refused') return 'dropped'
        await sleep(pause, undefined, { signal }).catch(() => {})
      }
    }
    return 'left'
  }
}

const stepsOf = (run: Run): readonly LedgerStep[] => run.ledger.steps

/** A run as `runs` of `GET /runs/:trace_id` has it, on a line, when its last step has ended. */
async function lineOf({ run, ledgerOf }: Closed): Promise<Buffer> {
  const deadline = performance.now() + lastStepsMs
  while (stepsOf(run).some(({ duration_ms }) => duration_ms === null) && performance.now() < deadline)
    await sleep(lookMs)
  const pieces: Buffer[] = []
  for (const piece of runPieces(await ledgerOf())) {
    pieces.push(Buffer.from(piece))
    await sleep(0)
  }
  return Buffer.concat([...pieces, Buffer.from('\n')])
}
