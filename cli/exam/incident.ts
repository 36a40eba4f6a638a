import type { Key } from 'contract/key'
import { Random } from 'contract/random'
import { type ExamRun, hasKind } from './runs.ts'

type Run = Pick<ExamRun, 'scenario' | 'key'>

/** How far apart traces begin on the average, ms. */
const apartMs = 30_000
/** Of the pairs that the incident has nothing to do with, the share that is within its while at most. */
const mostBeside = 0.5

/**
 * When each run begins: those with the kind of the incident within one while, with others that have nothing to do with it.
 * Traces come evenly all the time, and a faulty run and a control of its scenario are both within the while or both outside,
 * so that no start tells whether something is wrong.
 */
export function startsOf(runs: readonly Run[], kind: string | undefined, seed: string, startMs: number): number[] {
  const random = new Random(`${seed} starts`)
  const beside = mostBeside * random.fork('beside').float()
  const pairs = pairsOf(runs).map((pair, index) => {
    const isAffected = kind !== undefined && pair.some((run) => hasKind((runs[run] as Run).key, kind))
    return { pair, isWithin: isAffected || random.fork(`pair ${index}`).float() < beside }
  })
  const within = shuffled(
    pairs.flatMap(({ pair, isWithin }) => (isWithin ? pair : [])),
    random.fork('within'),
  )
  const outside = shuffled(
    pairs.flatMap(({ pair, isWithin }) => (isWithin ? [] : pair)),
    random.fork('outside'),
  )
  const before = Math.floor(random.fork('before').float() * (outside.length + 1))
  const starts: number[] = []
  for (const [slot, run] of [...outside.slice(0, before), ...within, ...outside.slice(before)].entries())
    // Whole milliseconds, as people write them.
    starts[run] = startMs + Math.floor((slot + random.fork(`slot ${slot}`).float()) * apartMs)
  return starts
}

/** Of each scenario, a faulty run and the control that comes after it; the last has none where runs are odd. */
function pairsOf(runs: readonly Run[]): number[][] {
  const scenarios = Map.groupBy(runs.keys(), (index) => (runs[index] as Run).scenario)
  return [...scenarios.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / 2) }, (_, pair) => all.slice(2 * pair, 2 * pair + 2)),
  )
}

const shuffled = (runs: readonly number[], random: Random): number[] =>
  runs
    .map((run) => ({ run, at: random.float() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ run }) => run)

/**
 * The kind that comes up most often of those that at most half of all faulty runs have: an incident of more would be all the
 * time, or tell what is faulty. Undefined where there is none.
 */
export function incidentKind(runs: readonly Run[]): Key['faults'][number]['kind'] | undefined {
  const faulty = runs.filter(({ key }) => key.verdict === 'faulty')
  const kinds = faulty.flatMap(({ key }) => [
    ...new Set(key.faults.filter(({ standing }) => standing === 'required').map(({ kind }) => kind)),
  ])
  const [commonest] = [...Map.groupBy(kinds, (kind) => kind)]
    .filter(([, all]) => 2 * all.length <= faulty.length)
    .toSorted(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
  return commonest?.[0]
}
