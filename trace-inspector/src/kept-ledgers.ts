import type { Answer } from 'contract/answer'
import type { LedgerAnswer } from 'contract/ledger'
import type { KnownAgent } from './agents.ts'
import { Problem } from 'service-kit/problem'
import type { FileLedgers } from './file/ledgers.ts'
import { keysOf } from './keys.ts'
import { type Agents, answerAgents, askAgents, begunAt, merge, type Told } from './ledgers.ts'
import { isRunning } from './verify/expectation.ts'

/** A page shows two traces at most, beside each other. */
const mostKept = 2

interface Kept {
  /** As agents sent them: text takes a tenth of what it says. */
  bodies: readonly Buffer[]
  bytes: number
  /** When the agents said so, by their own clock, ms since the epoch. */
  toldAtMs: number
}

/** Ledgers of traces, from agents or from a file. Those that agents told last are kept where they cannot change any more. */
export class KeptLedgers {
  readonly #agents: readonly KnownAgent[]
  readonly #mostBytes: number
  readonly #token: string | undefined
  readonly #ofFile: FileLedgers | undefined
  /** In the order in which they were told. */
  readonly #kept = new Map<string, Kept>()
  /** Traces of the file that have been answered. */
  readonly #answered = new Set<string>()
  /** Of traces that agents are being asked for. */
  readonly #asking = new Map<string, { open: number; isAlone: boolean }>()

  constructor(agents: readonly KnownAgent[], mostBytes: number, ofFile?: FileLedgers, token?: string) {
    this.#token = token
    this.#agents = agents
    this.#mostBytes = mostBytes
    this.#ofFile = ofFile
  }

  /**
   * Asks the agents of a trace: senders go on, and a run may join it. What one of them told `before` stands while it does not
   * answer. Throws NoLedger, a 404 problem, where none has a ledger.
   */
  async ask(traceId: string, before?: Told): Promise<Told> {
    const ofFile = this.#ofFile?.find(traceId)
    if (ofFile) return { ledger: ofFile, begunAt: begunAt(ofFile, performance.now()), parts: new Map() }
    this.forget(traceId)
    const asking = this.#asking.get(traceId) ?? { open: 0, isAlone: true }
    this.#asking.set(traceId, asking)
    if (asking.open++ > 0) asking.isAlone = false
    try {
      const told = await askAgents(await this.#askable(), traceId, before)
      // Of answers that cross each other nobody knows which is the newer one.
      if (asking.isAlone) this.#keep(traceId, told)
      return told
    } finally {
      if (--asking.open === 0) this.#asking.delete(traceId)
    }
  }

  /**
   * What the runs of a trace did, as agents told it last, without asking them again; asks where that is not kept, or where
   * something of the trace ended later than they told it: at `endMs`, null where that is not known. Its senders are as they were then.
   */
  async recall(traceId: string, endMs: number | null): Promise<LedgerAnswer> {
    const kept = this.#kept.get(traceId)
    if (!kept || (endMs ?? 0) > kept.toldAtMs) return (await this.ask(traceId)).ledger
    return merge(kept.bodies.map((body) => JSON.parse(body.toString()) as LedgerAnswer))
  }

  /** Of all agents by now; one whose name leads nowhere has its own, which says so. */
  async #askable(): Promise<Agents> {
    const addresses = await Promise.all(this.#agents.map((agent) => agent.addresses()))
    const urls = addresses.flatMap((found, place) => (found.length > 0 ? found : (this.#agents[place]?.url ?? [])))
    return { urls, token: this.#token }
  }

  /**
   * Hands in the one answer to a trace, and tells its ledger, which is open from then on. Throws a 409 problem when it had one,
   * or when its file has no key to score by.
   */
  async answer(traceId: string, answer: Answer): Promise<LedgerAnswer> {
    const ofFile = this.#ofFile?.find(traceId)
    if (!ofFile) {
      this.forget(traceId)
      const told = await answerAgents(await this.#askable(), traceId, answer)
      this.#keep(traceId, told)
      return told.ledger
    }
    if (this.#answered.has(traceId))
      throw new Problem(409, 'Answered', 'This trace has been answered: the first answer counts')
    // What cannot be scored has not been answered.
    keysOf(ofFile.runs)
    this.#answered.add(traceId)
    return ofFile
  }

  forget(traceId: string): void {
    this.#kept.delete(traceId)
  }

  #keep(traceId: string, { ledger: { runs, silent = [] }, parts }: Told): void {
    // What is sealed opens elsewhere, and a key that is pending comes later.
    if (silent.length > 0 || runs.some((run) => isRunning(run) || run.sealed || run.key === 'pending')) return
    const bodies = Array.from(parts.values(), ({ body }) => body)
    const bytes = bodies.reduce((sum, { length }) => sum + length, 0)
    const toldAtMs = Math.max(...runs.map(({ started_ms, age_ms }) => started_ms + age_ms))
    this.#kept.set(traceId, { bodies, bytes, toldAtMs })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept && this.#bytes <= this.#mostBytes) return
      this.#kept.delete(oldest)
    }
  }

  get #bytes(): number {
    return [...this.#kept.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }
}
