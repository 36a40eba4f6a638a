import type { LedgerAnswer } from 'contract/ledger'
import type { KnownAgent } from './agents.ts'
import type { FileLedgers } from './file/ledgers.ts'
import { askAgents, merge, type Told } from './ledgers.ts'
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
  readonly #ofFile: FileLedgers | undefined
  /** In the order in which they were told. */
  readonly #kept = new Map<string, Kept>()
  /** Of traces that agents are being asked for. */
  readonly #asking = new Map<string, { open: number; isAlone: boolean }>()

  constructor(agents: readonly KnownAgent[], mostBytes: number, ofFile?: FileLedgers) {
    this.#agents = agents
    this.#mostBytes = mostBytes
    this.#ofFile = ofFile
  }

  /** Asks the agents of a trace: senders go on, and a run may join it. Throws a 404 problem where none has a ledger. */
  async ask(traceId: string): Promise<LedgerAnswer> {
    const ofFile = this.#ofFile?.find(traceId)
    if (ofFile) return ofFile
    this.forget(traceId)
    const asking = this.#asking.get(traceId) ?? { open: 0, isAlone: true }
    this.#asking.set(traceId, asking)
    if (asking.open++ > 0) asking.isAlone = false
    try {
      const told = await askAgents(await this.#addresses(), traceId)
      // Of answers that cross each other nobody knows which is the newer one.
      if (asking.isAlone) this.#keep(traceId, told)
      return told.ledger
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
    if (!kept || (endMs ?? 0) > kept.toldAtMs) return this.ask(traceId)
    return merge(kept.bodies.map((body) => JSON.parse(body.toString()) as LedgerAnswer))
  }

  /** Of all agents by now; one whose name leads nowhere has its own, which says so. */
  async #addresses(): Promise<string[]> {
    const addresses = await Promise.all(this.#agents.map((agent) => agent.addresses()))
    return addresses.flatMap((found, place) => (found.length > 0 ? found : (this.#agents[place]?.url ?? [])))
  }

  forget(traceId: string): void {
    this.#kept.delete(traceId)
  }

  #keep(traceId: string, { ledger: { runs }, bodies, isWhole }: Told): void {
    if (!isWhole || runs.some(isRunning)) return
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
