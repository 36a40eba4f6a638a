import type { FaultEntity, FaultWindow, Magnitude } from 'contract/key'
import type { PlantedKind } from 'contract/taxonomy'

/** A fault as a scenario or a script declares it: data, the same in every replay of the run. */
export interface FaultDeclaration {
  /** Unique within the run, and decided by seed and parameters alone: `straggler/worker/7/call`. */
  id: string
  kind: PlantedKind
  entity: FaultEntity
  magnitude?: Magnitude | undefined
  /** While it is in force, ms since the run began. */
  window?: FaultWindow | undefined
  /** A logical call fails for good by it, and nobody answers what it was for. */
  losesCall?: boolean | undefined
  /** A trace is not whole by it: that is to be named whatever time it costs. */
  breaksTrace?: boolean | undefined
  /** It did not bring about what a finding of this scenario is of: naming it is neither right nor wrong, whatever time it costs. */
  isHarmless?: boolean | undefined
}

/** Which faults a run has, by id: all that it draws, all but some, some alone, or none. */
export type InForce = 'all' | 'none' | { without: readonly string[] } | { only: readonly string[] }

/** A fault that struck, and the steps that it struck: calls, or attempts of them. */
export interface StruckFault extends FaultDeclaration {
  readonly steps: ReadonlySet<string>
}

/**
 * The faults of one run. Who plants one asks `strikes` at each step that it would change; the answer is no where this replay
 * goes without it, and then the step does what it would have done: no other draw moves.
 */
export class FaultRegister {
  readonly #isInForce: (id: string) => boolean
  readonly #struck = new Map<string, FaultDeclaration & { steps: Set<string> }>()
  readonly #neutral = new Set<string>()
  readonly #slack = new Set<string>()
  readonly #decoys = new Set<string>()
  readonly #unplanned = new Set<string>()
  /** Calls by which faults are judged, where calls come when they come: how long these take, not the run. */
  comparedCalls: ReadonlySet<string> | undefined

  constructor(inForce: InForce = 'all') {
    this.#isInForce = ruleOf(inForce)
  }

  /** Whether a fault is in force here. */
  isInForce(id: string): boolean {
    return this.#isInForce(id)
  }

  /** Whether this fault changes the step of this key; if so, it is written down. */
  strikes(fault: FaultDeclaration, step: string): boolean {
    if (!this.isInForce(fault.id)) return false
    let known = this.#struck.get(fault.id)
    if (!known) this.#struck.set(fault.id, (known = { ...fault, steps: new Set() }))
    known.steps.add(step)
    known.losesCall ||= fault.losesCall
    return true
  }

  /** Naming this step is neither right nor wrong. */
  neutral(step: string): void {
    this.#neutral.add(step)
  }

  /** Neutral because nobody waited for it: whoever says that the run did is wrong. */
  slack(step: string): void {
    this.#neutral.add(step)
    this.#slack.add(step)
  }

  /** This step looks like a culprit and is none. */
  decoy(step: string): void {
    this.#decoys.add(step)
  }

  /** This step failed by nothing that was planted, though a tool says so. */
  unplanned(step: string): void {
    this.#unplanned.add(step)
  }

  /** All that struck so far, in the order in which they did. */
  get faults(): StruckFault[] {
    return [...this.#struck.values()]
  }

  get neutralSteps(): ReadonlySet<string> {
    return this.#neutral
  }

  get slackSteps(): ReadonlySet<string> {
    return this.#slack
  }

  get decoySteps(): ReadonlySet<string> {
    return this.#decoys
  }

  get unplannedSteps(): ReadonlySet<string> {
    return this.#unplanned
  }
}

/** Which faults are in force, by id. */
export function ruleOf(inForce: InForce): (id: string) => boolean {
  if (inForce === 'all') return () => true
  if (inForce === 'none') return () => false
  const ids = new Set('only' in inForce ? inForce.only : inForce.without)
  return 'only' in inForce ? (id) => ids.has(id) : (id) => !ids.has(id)
}
