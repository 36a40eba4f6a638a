import type { Disturbance, Key, KeyFault } from 'contract/key'
import * as say from './sentence.ts'

/**
 * What was planted in a run against what a rule found in it. Counted are culprits: a fault is one, however many spans it has.
 * `planted` is `hits`, what was missed, and what need not be named; `found` is `hits` and what nobody planted.
 */
export interface Compared {
  planted: number
  found: number
  hits: number
  /** Spans that were found, and that no fault accounts for. */
  not_planted: string[]
  /** Faults that had to be found and were not: their ids. */
  missed: string[]
  /** Faults that were not found and did not have to be, since the run took no longer for them: their ids. */
  spared: string[]
  /** Nothing was missed, and nothing was found that nobody planted. */
  agrees: boolean
  /** What the machine did, where it did so much that the run proves nothing. */
  disturbance: Disturbance | null
  /** All of it in words. */
  text: string
}

/** Compares what a rule points at with the key of the run. */
export function compareWithKey(key: Key, spanIds: readonly string[]): Compared {
  const found = new Set(spanIds)
  const isHit = ({ accepted }: KeyFault) => accepted.some((group) => group.some((id) => found.has(id)))
  const [hits, others] = partition(key.faults, isHit)
  const accounted = new Set([...key.faults.flatMap(({ accepted }) => accepted.flat()), ...key.neutral])
  const notPlanted = spanIds.filter((id) => !accounted.has(id))
  const missed = others.filter(({ standing }) => standing === 'required')
  const masked = others.filter(({ standing }) => standing === 'masked')
  // Where every fault hides behind others, one of them has to be named.
  const culprits = key.faults.filter(({ standing }) => standing !== 'neutral')
  if (masked[0] && masked.length === culprits.length) missed.push(masked[0])
  const counts = {
    planted: key.faults.length,
    found: hits.length + notPlanted.length,
    hits: hits.length,
    not_planted: notPlanted,
    missed: missed.map(({ id }) => id),
    spared: others.filter((fault) => !missed.includes(fault)).map(({ id }) => id),
  }
  return {
    ...counts,
    agrees: missed.length === 0 && notPlanted.length === 0,
    disturbance: key.disturbed ? key.disturbance : null,
    text: wordsFor(counts),
  }
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))]
}

function wordsFor({
  planted,
  found,
  hits,
  not_planted,
  missed,
  spared,
}: Omit<Compared, 'agrees' | 'disturbance' | 'text'>): string {
  if (planted + found === 0) return 'nothing planted, nothing found'
  const rest = spared.length === 0 ? '' : `, ${spared.length} without effect`
  return `planted ${planted}, found ${found}: ${say.count(hits, 'hit')}, ${not_planted.length} not planted, ${missed.length} missed${rest}`
}

/** A finding's sentence with what was planted: that the machine had its say, where it did, before anything else. */
export function withPlanted(sentence: string, { disturbance, text }: Compared): string {
  return `${disturbance ? `${disturbedBy(disturbance)}. ` : ''}${sentence}; ${text}`
}

/** What a machine did to a run that proves nothing, in words. */
export function disturbedBy({ calls, added_p99_ms, effect_ms }: Disturbance): string {
  return `Disturbed: the machine made calls up to ${added_p99_ms.toFixed(1)} ms longer than they were drawn (p99 of ${calls}), and ${effect_ms.toFixed(1)} ms is all there is to be seen: this run proves nothing of who looks at it`
}
