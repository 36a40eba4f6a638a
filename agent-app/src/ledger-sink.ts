import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerStep } from 'contract/ledger'
import type { Run } from 'engine/run'
import { runPieces } from './ledger-pieces.ts'
import { bytesPerStep } from './runs.ts'

/** Takes lines of JSON in their order. */
export interface LineWriter {
  /** Where, without what may be secret in it. */
  name: string
  /** Rejects where it was not taken; the same line may be given again. */
  write: (line: Buffer) => Promise<void>
}

export interface SinkCounters {
  written: number
  queued: number
  /** There was no room for them, or no time before the process ended. */
  dropped: number
}

export interface SinkOptions {
  /** What ledgers that wait may take, bytes: there is always room for one. */
  maxBytes: number
  /** Hears when writing began to fail, and when it went on. */
  tell: (line: string) => void
  /** After a write that failed, ms; it doubles up to the longest. */
  pauseMs?: { first: number; longest: number }
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
  readonly #queue: Run[] = []
  readonly #ended = new AbortController()
  #steps = 0
  #written = 0
  #dropped = 0
  #isFailing = false
  #working: Promise<void> | undefined

  constructor(writer: LineWriter, options: SinkOptions) {
    this.#writer = writer
    this.#options = { pauseMs: { first: 500, longest: 30_000 }, ...options }
  }

  get counters(): SinkCounters {
    return { written: this.#written, queued: this.#queue.length, dropped: this.#dropped }
  }

  /** A run that is closed. */
  add(run: Run): void {
    const steps = stepsOf(run).length
    const isFull = this.#queue.length > 0 && (this.#steps + steps) * bytesPerStep > this.#options.maxBytes
    if (this.#ended.signal.aborted || isFull) return void this.#dropped++
    this.#queue.push(run)
    this.#steps += steps
    this.#working ??= this.#work()
  }

  /** Writes what there is, for `deadlineMs` at most. Resolves to how many ledgers were lost by its end. */
  async close(deadlineMs: number): Promise<number> {
    const timer = setTimeout(() => this.#ended.abort(), deadlineMs)
    await this.#working
    clearTimeout(timer)
    this.#ended.abort()
    const left = this.#queue.splice(0).length
    this.#dropped += left
    return left
  }

  async #work(): Promise<void> {
    const { signal } = this.#ended
    for (let run = this.#queue[0]; run && !signal.aborted; run = this.#queue[0]) {
      const line = await lineOf(run)
      if (!(await this.#write(line))) break
      this.#queue.shift()
      this.#steps -= stepsOf(run).length
      this.#written++
    }
    this.#working = undefined
  }

  /** Until it was taken; false where the end came first. */
  async #write(line: Buffer): Promise<boolean> {
    const { signal } = this.#ended
    const { tell, pauseMs } = this.#options
    for (let pause = pauseMs.first; !signal.aborted; pause = Math.min(pause * 2, pauseMs.longest)) {
      try {
        await this.#writer.write(line)
        if (this.#isFailing) tell(`Ledgers go to ${this.#writer.name} again`)
        this.#isFailing = false
        return true
      } catch (error) {
        if (!this.#isFailing) tell(`Ledgers cannot go to ${this.#writer.name}, and wait: ${(error as Error).message}`)
        this.#isFailing = true
        await sleep(pause, undefined, { signal }).catch(() => {})
      }
    }
    return false
  }
}

const stepsOf = (run: Run): readonly LedgerStep[] => run.ledger.steps

/** A run as `runs` of `GET /runs/:trace_id` has it, on a line, when its last step has ended. */
async function lineOf(run: Run): Promise<Buffer> {
  const deadline = performance.now() + lastStepsMs
  while (stepsOf(run).some(({ duration_ms }) => duration_ms === null) && performance.now() < deadline)
    await sleep(lookMs)
  const pieces: Buffer[] = []
  for (const piece of runPieces(run.toLedger())) {
    pieces.push(Buffer.from(piece))
    await sleep(0)
  }
  return Buffer.concat([...pieces, Buffer.from('\n')])
}
