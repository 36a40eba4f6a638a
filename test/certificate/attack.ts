import { type Solution, solve, type Target } from './solver.ts'
import { play, type Trace, type Wanted } from './traces.ts'

/** How often a solver was right, and how often its answers would be if they were handed to other runs of the same kind. */
export interface Attack {
  runs: number
  /** Runs whose seed was found. */
  found: number
  /** Calls that were named, and culprits among them. */
  named: number
  hits: number
  byLot: { mean: number; deviation: number }
}

/** Runs in which one call of many is to blame, or some are. */
export const attacked: readonly Wanted[] = [
  { scenario: 'fanout', query: { fanout: '20', stragglers: '2' } },
  { scenario: 'dag', query: { fanout: '20' } },
  { scenario: 'retry', query: { fanout: '20', error_rate: '0.1' } },
  { scenario: 'react', query: { max_steps: '20', finish_probability: '0.02' } },
]

/** Plays `each` runs of every kind with seeds of those that are tried, and lets a solver at their traces. */
export async function attack(
  seeds: readonly string[],
  each: number,
  { secret, withoutIds = false }: { secret?: string; withoutIds?: boolean } = {},
): Promise<Attack> {
  const targets: (Target & { trace: Trace })[] = []
  for (const [kind, wanted] of attacked.entries()) {
    const own = Array.from({ length: each }, (_, at) => seeds[(at * 7919 + kind * 104_729) % seeds.length] as string)
    for (const trace of await play(wanted, own, secret))
      targets.push({ wanted, trace: withoutIds ? nameless(trace) : trace })
  }
  const solutions = await solve(targets, seeds)
  const answers = targets.map(({ trace }, index) => answerOf(trace, solutions[index] as Solution))
  const byKind = attacked.map((_, kind) => answers.slice(kind * each, (kind + 1) * each))
  const hitsAt = (shift: number) => byKind.reduce((sum, kind) => sum + hitsOf(kind, shift), 0)
  const others = Array.from({ length: each - 1 }, (_, shift) => hitsAt(shift + 1))
  const mean = others.reduce((sum, hits) => sum + hits, 0) / others.length
  const variance = others.reduce((sum, hits) => sum + (hits - mean) ** 2, 0) / Math.max(1, others.length - 1)
  return {
    runs: targets.length,
    found: solutions.filter(({ isCertain }) => isCertain).length,
    named: answers.reduce((sum, { named }) => sum + named.length, 0),
    hits: hitsAt(0),
    byLot: { mean, deviation: Math.sqrt(variance) },
  }
}

/** Whether a solver found no seed, and named no more culprits than its answers would by lot: within three deviations. */
export const isNoBetterThanChance = ({ found, hits, byLot }: Attack): boolean =>
  found === 0 && hits <= byLot.mean + 3 * Math.max(1, byLot.deviation)

/** A trace whose ids say nothing: its times are left. */
function nameless(trace: Trace): Trace {
  const spans = trace.spans.map((span) => ({
    ...span,
    attributes: new Map([...span.attributes].filter(([key]) => !key.endsWith('.id'))),
  }))
  return { ...trace, traceId: '', spans }
}

/** Places of calls in their run: those that are named, and those that are to blame. */
interface Answer {
  named: number[]
  culprits: Set<number>
}

function answerOf({ spans, key }: Trace, { named }: Solution): Answer {
  const calls = spans.flatMap(({ name, spanId }) => (name.startsWith('execute_tool') ? spanId : []))
  const placesOf = (ids: readonly string[]) => [...new Set(ids.map((id) => calls.indexOf(id)))].filter((at) => at >= 0)
  return { named: placesOf(named), culprits: new Set(placesOf(key.faults.flatMap(({ accepted }) => accepted.flat()))) }
}

/** How many culprits are named where each run is given the answer to the one that comes so many later. */
function hitsOf(answers: readonly Answer[], shift: number): number {
  return answers.reduce((sum, { culprits }, index) => {
    const { named } = answers[(index + shift) % answers.length] as Answer
    return sum + named.filter((place) => culprits.has(place)).length
  }, 0)
}
