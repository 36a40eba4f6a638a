import { Catalog } from 'engine/catalog'
import type { PlannedUnit } from 'engine/mix/plan'
import { scenarios } from 'engine/scenarios/index'
import { drive, type Played } from 'engine/virtual/drive'
import { Asking } from './asked.ts'
import { begin, type PlayedRun } from './play.ts'
import { DigestSink } from './sinks/digest.ts'
import { KeyLines, LedgerLines, SpanLines } from './sinks/lines.ts'
import { NowhereSink } from './sinks/nowhere.ts'
import { type ReceiverCounters, type ReceiverOptions, ReceiverSink } from './sinks/receiver.ts'
import type { Sink } from './sinks/sink.ts'

/** What is written beside what is sent. */
export const files = ['out', 'ledger', 'key'] as const
export type FileName = (typeof files)[number]

export interface ShardOptions {
  /** When the plan starts, ms since the epoch. */
  startMs: number
  /** Absent: spans are encoded and thrown away. */
  receiver?: Omit<ReceiverOptions, 'tell'> | undefined
  files: readonly FileName[]
  digest: boolean
  /** Of blind runs; absent where runs are open. */
  secret?: string | undefined
}

/** What a shard does not do itself, for there is one for all of them. */
export interface Surroundings {
  /** Resolves when there is room for more. */
  write(file: FileName, bytes: Uint8Array): Promise<void>
  tell(line: string): void
}

export interface ShardState {
  traces: number
  spans: number
  /** Where spans are sent. */
  receiver?: ReceiverCounters | undefined
  digest?: string | undefined
}

/** What agents run without environment variables of their own. */
const defaults = { delayMs: undefined, errorRate: 0 }

/** Plays units, and hands what comes of them to whoever wants it. */
export class Shard {
  readonly #asking: Asking
  readonly #secret: string | undefined
  readonly #receiver: ReceiverSink | undefined
  readonly #digest: DigestSink | undefined
  readonly #sinks: readonly Sink[]
  #traces = 0
  #spans = 0
  /** Of what is sent: units that have ended, from the last that was taken on, and the spans of all up to each. */
  readonly #ended: { unit: number; spans: number }[] = []

  constructor({ startMs, receiver, files, digest, secret }: ShardOptions, around: Surroundings) {
    this.#asking = new Asking(new Catalog(scenarios, defaults), startMs)
    this.#secret = secret
    this.#receiver = receiver && new ReceiverSink({ ...receiver, tell: (line) => around.tell(line) })
    this.#digest = digest ? new DigestSink() : undefined
    const sinks: (Sink | undefined)[] = [
      this.#receiver ?? (files.includes('out') ? undefined : new NowhereSink()),
      files.includes('out') ? new SpanLines((bytes) => around.write('out', bytes)) : undefined,
      files.includes('ledger')
        ? new LedgerLines((bytes) => around.write('ledger', bytes), files.includes('key'))
        : undefined,
      files.includes('key') ? new KeyLines((bytes) => around.write('key', bytes)) : undefined,
      this.#digest,
    ]
    this.#sinks = sinks.filter((sink) => sink !== undefined)
  }

  /**
   * Plays units in this order; resolves when all that came of them has been taken in. Play no others meanwhile. Of units before
   * `takenBefore` nobody asks any more.
   */
  async play(units: readonly PlannedUnit[], takenBefore = 0): Promise<void> {
    const known = this.#ended.findLastIndex(({ unit }) => unit < takenBefore)
    if (known > 0) this.#ended.splice(0, known)
    /** Of the runs that have begun: their unit where they are its last. */
    const ends: (number | undefined)[] = []
    const { asking, secret } = { asking: this.#asking, secret: this.#secret }
    function* runs(): Generator<Played<PlayedRun>> {
      for (const { unit, runs } of units) {
        for (const [index, run] of runs.entries()) {
          ends.push(index === runs.length - 1 ? unit : undefined)
          yield begin({ ...asking.of(run), secret })
        }
      }
    }
    await drive(runs(), async (run) => {
      for (const part of [run, ...run.parts]) {
        for (const sink of this.#sinks) {
          const full = sink.take(part)
          if (full) await full
        }
        this.#spans += part.spans
      }
      this.#traces += run.parts.length === 0 ? 1 : new Set([run, ...run.parts].map(({ traceId }) => traceId)).size
      const unit = ends.shift()
      if (unit === undefined) return
      if (this.#receiver) this.#ended.push({ unit, spans: this.#spans })
      for (const sink of this.#sinks) sink.unitEnded(unit)
    })
  }

  /** Hands on all that is left. */
  async end(): Promise<void> {
    for (const sink of this.#sinks) await sink.end()
  }

  /** Waits no longer than this for a receiver that takes nothing, ms. */
  async hurry(patienceMs: number): Promise<void> {
    this.#receiver?.hurry(patienceMs)
  }

  /** How many spans those of its units have that come before this one; of what is sent, from where it may not be taken on. */
  async spansBefore(unit: number): Promise<number> {
    return this.#ended.findLast((ended) => ended.unit < unit)?.spans ?? 0
  }

  async state(): Promise<ShardState> {
    return {
      traces: this.#traces,
      spans: this.#spans,
      receiver: this.#receiver?.counters,
      digest: this.#digest?.digest.toString(),
    }
  }
}
