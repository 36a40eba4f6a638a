import type { Slowdown } from 'contract/faults'
import type { FaultEntity } from 'contract/key'
import type { Random } from 'contract/random'
import type { PlantedKind } from 'contract/taxonomy'
import { type AskedFault, parseFaults, stragglerOf } from './asked-faults.ts'
import type { FaultRegister } from './key/register.ts'
import { modelName } from './model.ts'

/** What makes a call slower: it multiplies the drawn latency. */
export interface Slower {
  factor: number
  fault: Slowdown
}

/** A logical call that may be made slower. */
export interface SlowableCall {
  tool: string
  key: string
  agentId: string | null
}

/** How many times slower a straggler is where neither scenario nor parameter says it. */
const stragglerFactor = 10

/**
 * What is planted in a run beside the faults of its scenario. Each multiplies a draw or raises a probability that is drawn
 * against: no draw moves for it.
 */
export class Planted {
  readonly #faults: FaultRegister
  readonly #others: readonly AskedFault[]
  /** The one call that is slow in a scenario that has no stragglers of its own. */
  readonly #straggler: { index: number; factor: number } | undefined
  #hasStruck = false

  /** `faults` says which of them this run goes without. */
  constructor(params: Readonly<Record<string, unknown>>, random: Random, faults: FaultRegister) {
    this.#faults = faults
    this.#others = parseFaults(params.faults).others
    const straggler = stragglerOf(this.#others)
    if (!straggler || Number(params.stragglers ?? 0) > 0) return
    const index = random.fork('straggler').integer(0, unitsOf(params) - 1)
    this.#straggler = { index, factor: straggler.factor ?? stragglerFactor }
  }

  /** What makes this call slower, `own` by its scenario among it. The largest factor gives it its name. */
  slowdownOf(call: SlowableCall, own: Slower | undefined): Slower | undefined {
    const { tool, key } = call
    const all: Slower[] = []
    if (own && this.#slows(own, own.fault, key, call)) all.push(own)
    for (const fault of this.#others) {
      if (fault.kind !== 'slow_tool' || fault.tool !== tool) continue
      const slower = { factor: fault.factor, fault: 'slow_tool' } as const
      if (this.#slows(slower, 'tool_slow', tool, call)) all.push(slower)
    }
    if (this.#straggler && !this.#hasStruck && indexOf(key) === this.#straggler.index) {
      this.#hasStruck = true
      const slower = { factor: this.#straggler.factor, fault: 'straggler' } as const
      if (this.#slows(slower, 'straggler', key, call)) all.push(slower)
    }
    if (all.length === 0) return undefined
    const largest = all.toSorted((a, b) => b.factor - a.factor)[0]
    return largest && { factor: all.reduce((product, { factor }) => product * factor, 1), fault: largest.fault }
  }

  /** Whether it does, in this replay. A factor of 1 is no fault: nothing could be seen of it. */
  #slows({ factor }: Slower, kind: PlantedKind, which: string, { tool, key, agentId }: SlowableCall): boolean {
    if (factor <= 1) return false
    const entity: FaultEntity = kind === 'tool_slow' || agentId === null ? { tool } : { tool, agent: agentId }
    return this.#faults.strikes(
      { id: `${kind}/${which}`, kind, entity, magnitude: { unit: 'factor', value: factor } },
      key,
    )
  }

  /** How often a call of this tool fails that would fail at `rate`. */
  failureRateOf(tool: string, rate: number): number {
    let highest = rate
    for (const fault of this.#others)
      if (fault.kind === 'failing_tool' && fault.tool === tool) highest = Math.max(highest, fault.rate)
    return highest
  }

  /** How often an attempt of a model call fails that would fail at `rate`. */
  modelFailureRateOf(rate: number): number {
    let highest = rate
    for (const fault of this.#others) if (fault.kind === 'failing_model') highest = Math.max(highest, fault.rate)
    return highest
  }

  /** How many times slower the model is in the call of this key; 1 where nothing makes it slower. */
  modelFactorOf(key: string): number {
    let factor = 1
    for (const fault of this.#others) if (fault.kind === 'slow_model') factor *= fault.factor
    if (factor <= 1) return 1
    const magnitude = { unit: 'factor', value: factor } as const
    const fault = { id: 'slow_model', kind: 'slow_model', entity: { model: modelName }, magnitude } as const
    return this.#faults.strikes(fault, key) ? factor : 1
  }
}

/** How many units of work a run is sure to have, each with a call: of a loop only the first turn is sure. */
function unitsOf({ fanout, depth, background_fanout }: Readonly<Record<string, unknown>>): number {
  return Math.max(1, Number(fanout ?? depth ?? background_fanout ?? 1))
}

/** Which unit of work a call belongs to: the last number in its key, as in `worker/7/call`. */
function indexOf(key: string): number {
  return Number(/\d+(?=\D*$)/.exec(key)?.[0] ?? 0)
}
