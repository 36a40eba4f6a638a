import type { Slowdown } from 'contract/faults'
import type { Random } from 'contract/random'
import { type AskedFault, parseFaults, stragglerOf } from './asked-faults.ts'

/** What makes a call slower: it multiplies the drawn latency. */
export interface Slower {
  factor: number
  fault: Slowdown
}

/** How many times slower a straggler is where neither scenario nor parameter says it. */
const stragglerFactor = 10

/**
 * What is planted in a run beside the faults of its scenario. Each multiplies a draw or raises a probability that is drawn
 * against: no draw moves for it.
 */
export class Planted {
  readonly #others: readonly AskedFault[]
  /** The one call that is slow in a scenario that has no stragglers of its own. */
  readonly #straggler: { index: number; factor: number } | undefined
  #hasStruck = false

  constructor(params: Readonly<Record<string, unknown>>, random: Random) {
    this.#others = parseFaults(params.faults).others
    const straggler = stragglerOf(this.#others)
    if (!straggler || Number(params.stragglers ?? 0) > 0) return
    const index = random.fork('straggler').integer(0, unitsOf(params) - 1)
    this.#straggler = { index, factor: straggler.factor ?? stragglerFactor }
  }

  /** What makes this call slower, `own` by its scenario among it. The largest factor gives it its name. */
  slowdownOf(tool: string, key: string, own: Slower | undefined): Slower | undefined {
    if (this.#others.length === 0) return own
    const all: Slower[] = own ? [own] : []
    for (const fault of this.#others)
      if (fault.kind === 'slow_tool' && fault.tool === tool) all.push({ factor: fault.factor, fault: 'slow_tool' })
    if (this.#straggler && !this.#hasStruck && indexOf(key) === this.#straggler.index) {
      this.#hasStruck = true
      all.push({ factor: this.#straggler.factor, fault: 'straggler' })
    }
    const largest = all.toSorted((a, b) => b.factor - a.factor)[0]
    return largest && { factor: all.reduce((product, { factor }) => product * factor, 1), fault: largest.fault }
  }

  /** How often a call of this tool fails that would fail at `rate`. */
  failureRateOf(tool: string, rate: number): number {
    let highest = rate
    for (const fault of this.#others)
      if (fault.kind === 'failing_tool' && fault.tool === tool) highest = Math.max(highest, fault.rate)
    return highest
  }

  /** How many times slower the model is; 1 where nothing makes it slower. */
  get modelFactor(): number {
    let factor = 1
    for (const fault of this.#others) if (fault.kind === 'slow_model') factor *= fault.factor
    return factor
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
