import type { Key } from 'contract/key'
import type { RunAnswer } from '../agent-app/src/output.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { startServices } from './pair.ts'
import { startReceiver } from './processes.ts'

const seeds = 10

/** Runs with one fault each. */
const runs = [
  { scenario: 'fanout', query: 'stragglers=1&thoughts=0' },
  { scenario: 'dag', query: 'stragglers=1&thoughts=0' },
  { scenario: 'chain', query: 'depth=15&thoughts=0', faults: 'straggler:8' },
  { scenario: 'rag', query: 'rag_chunks=5', faults: 'slow_tool:knowledge_base:6' },
]

interface Compared {
  /** What the run was longer than the same one with nothing planted, less what its key says, ms. */
  errorMs: number
  isWithin: boolean
  /** The key says that it was disturbed, or the machine took more of one run than of the other. */
  isDisturbed: boolean
}

/**
 * What a key says that a fault costs, which is computed in virtual time, against what the same seed takes less with
 * `faults=off`: within 5 % and 20 ms. Where it is not, the machine has to have disturbed one of the two.
 */
export const impact: Benchmark = {
  name: 'impact',
  async run(progress) {
    const receiver = await startReceiver()
    const services = await startServices(receiver)
    const compared: Compared[] = []
    for (const { scenario, query, faults = 'own' } of runs) {
      progress(`impact of faults in ${scenario}`)
      for (let seed = 0; seed < seeds; seed++) {
        const play = (planted: string) => services.run(scenario, `${query}&seed=impact-${seed}&faults=${planted}`)
        compared.push(compare(await play(faults), await play('off')))
      }
    }
    await services.stop()
    await receiver.stop()
    const outside = compared.filter(({ isWithin }) => !isWithin)
    const unexplained = outside.filter(({ isDisturbed }) => !isDisturbed)
    const errorMs = median(compared.map(({ errorMs }) => Math.abs(errorMs)))
    const figure = (name: string, of: readonly Compared[], limit: number): Figure => ({
      name: `impact: ${name}`,
      measured: `${of.length} runs (median error ${errorMs.toFixed(1)} ms)`,
      floor: `${compared.length} runs`,
      ratio: of.length / compared.length,
      limit,
    })
    return [
      figure('off by over 5 % + 20 ms', outside, 0.1),
      figure('the same, and nothing disturbed it', unexplained, 0),
    ]
  },
}

function compare(planted: RunAnswer, off: RunAnswer): Compared {
  const [key, keyOff] = [planted.key as Key, off.key as Key]
  const ms = key.faults[0]?.impact?.ms ?? Number.NaN
  const boundMs = 0.05 * Math.abs(ms) + 20
  const errorMs = (planted.elapsed_s - off.elapsed_s) * 1000 - ms
  return {
    errorMs,
    isWithin: Math.abs(errorMs) <= boundMs,
    isDisturbed: key.disturbed || keyOff.disturbed || Math.abs(addedMs(planted) - addedMs(off)) > boundMs,
  }
}

/** What a run took beyond the times that were drawn for it. */
const addedMs = ({ elapsed_s, summary }: RunAnswer) => elapsed_s * 1000 - summary.ideal_ms
