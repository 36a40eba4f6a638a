import type { Handed, Part } from 'contract/handoff'
import type { RunFacts } from 'contract/facts'
import type { Quirk } from 'contract/quirks'
import type { Random } from 'contract/random'
import type { Demand } from './demand.ts'
import type { Ledger } from './ledger.ts'
import type { Clock, Emit, Pause, Peers, Tools, WholeRun } from './ports.ts'
import type { FaultRegister } from './key/register.ts'
import type { Planted } from './planted.ts'
import type { Profile } from './profile/profile.ts'

/** A run that has ended for now. */
export interface Suspension {
  afterMs: number
  part: Part
}

/** What all steps of one run share. */
export interface RunContext {
  readonly clock: Clock
  readonly tools: Tools
  readonly peers: Peers
  readonly emit: Emit | undefined
  readonly pause: Pause | undefined
  readonly ledger: Ledger
  readonly random: Random
  readonly seed: string
  /** What the tools it calls draw with. */
  readonly toolSeed: string
  /** Whether nothing on its spans may tell what it is an example of. */
  readonly isBlind: boolean
  /** Of the baselines that tools and the model have in a run of level 2 to 4. */
  readonly worldSeed: string
  /** On every span of the run. */
  readonly facts: RunFacts
  /** With trailing colon, or empty. */
  readonly agentPrefix: string
  readonly serviceName: string
  readonly captureContent: boolean
  /** Whether content stays in the ledger as it was stated. */
  readonly readsContent: boolean
  readonly conversationId: string | undefined
  /** How long tools, the model and people take. */
  readonly profile: Profile
  /** What its telemetry does to tokens. */
  readonly quirks: ReadonlySet<Quirk>
  /** What goes wrong, beside what the scenario has of its own. */
  readonly planted: Planted
  /** Every fault that has struck, and which of them this replay goes without. */
  readonly faults: FaultRegister
  /** Of the tools and the model: `jitter` and `llm_delay_ms` of the run. */
  readonly jitter: number
  readonly llmDelayMs: number
  /** How often an attempt of a model call fails, 0 to 1. */
  readonly llmErrorRate: number
  /** Aborted with RunCancelled when nothing of the run may go on. */
  readonly signal: AbortSignal
  readonly cancel: (reason: Error) => void
  /** What the scenario has declared. */
  readonly demand: Demand
  /** Tool calls so far, and those under way, for whoever competes with them. */
  toolCalls: number
  toolCallsInFlight: number
  /** The run as whoever plays another part of it has to know it. */
  readonly whole: () => WholeRun
  readonly traceId: string
  /** What others said of the parts that they played of this trace. */
  readonly handed: Handed[]
  /** Whether it ends where a person is asked, and goes on in a trace of its own; a replay goes on by itself. */
  readonly suspends: boolean
  /** Where the run ends for now, since a person is asked: when it goes on, and as what part. */
  suspended: Suspension | undefined
}
