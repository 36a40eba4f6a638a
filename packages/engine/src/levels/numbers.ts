/** What a level changes, the same for every scenario. */
export interface LevelNumbers {
  level: 2 | 3 | 4
  /** Sigma of every drawn time. */
  sigma: number
  /** Sigma of payload sizes. */
  sizeSigma: number
  /** How many times slower a slow step is, from … to. */
  factor: readonly [number, number]
  /** How many times the median of its tool a slow call takes at most: no longer than a large payload makes one take. */
  furthest: number
  /** Faults of a run that has any, from … to; at level 4 of different kinds. */
  faults: readonly [number, number]
  /** Probability of each decoy. */
  decoy: number
}

export const numbersOf: Readonly<Record<2 | 3 | 4, LevelNumbers>> = {
  2: { level: 2, sigma: 0.1, sizeSigma: 0.3, factor: [6, 10], furthest: Infinity, faults: [1, 1], decoy: 0.4 },
  3: { level: 3, sigma: 0.15, sizeSigma: 0.8, factor: [3, 8], furthest: 7, faults: [1, 2], decoy: 0.8 },
  4: { level: 4, sigma: 0.2, sizeSigma: 1, factor: [3, 6], furthest: 7, faults: [2, 3], decoy: 0.9 },
}

/** A fault that saves this share of its run, and this many ms, is one that has to be found. */
export const requiredShare = 0.04
export const requiredMs = 10
/** A decoy that costs this share is one that may be named. */
export const neutralShare = 0.01
/** What is this many times slower than usual by chance alone may be named. */
export const naturalOutlier = 1.5
/** How far a planted time has to be from what chance makes of it, in sigma of one draw. */
export const fairSigma = 4
/** A run is drawn this often at most until it is one that can be asked about: so often until all of its faults can be, then one. */
export const mostDraws = 20
export const mostDrawsForAll = 8
