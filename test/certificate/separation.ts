import type { Learn } from './classifiers.ts'
import type { Features } from './features.ts'
import { matrixOf } from './matrix.ts'

/** One thing that may be a culprit, and those that it is to be told from: all of its stratum. */
export interface Item {
  features: Features
  isCulprit: boolean
  stratum: string
  /** What is learned from some groups is tried on others. */
  group: number
}

export interface Separation {
  /** The probability that a culprit looks more like one than a peer of its stratum: 0.5 is chance. */
  auc: number
  /** Its standard error, over culprits. */
  error: number
  culprits: number
}

const folds = 5

/** How well a classifier tells culprits from their peers, in groups that it has not learned from. */
export function separate(items: readonly Item[], learn: Learn): Separation {
  const { rows } = matrixOf(items.map(({ features }) => features))
  const scores = new Float64Array(items.length)
  for (let fold = 0; fold < folds; fold++) {
    const isTried = items.map(({ group }) => group % folds === fold)
    const learned = items.flatMap((_, index) => (isTried[index] ? [] : [index]))
    const score = learn(
      learned.map((index) => rows[index] as Float64Array),
      learned.map((index) => (items[index] as Item).isCulprit),
    )
    for (const [index, row] of rows.entries()) if (isTried[index]) scores[index] = score(row)
  }
  return aucWithin(items, scores)
}

/** Of each culprit the share of its peers that it is ranked above, ties by half, and the mean of that. */
export function aucWithin(items: readonly Item[], scores: Float64Array): Separation {
  const strata = Map.groupBy(items.keys(), (index) => (items[index] as Item).stratum)
  const shares: number[] = []
  for (const indexes of strata.values()) {
    const peers = indexes.filter((index) => !items[index]?.isCulprit).map((index) => scores[index] as number)
    if (peers.length === 0) continue
    for (const index of indexes) {
      if (!items[index]?.isCulprit) continue
      const own = scores[index] as number
      const above = peers.reduce((sum, peer) => sum + (own > peer ? 1 : own === peer ? 0.5 : 0), 0)
      shares.push(above / peers.length)
    }
  }
  const auc = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const variance = shares.reduce((sum, share) => sum + (share - auc) ** 2, 0) / Math.max(1, shares.length - 1)
  return { auc, error: Math.sqrt(variance / shares.length), culprits: shares.length }
}
