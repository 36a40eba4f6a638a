/** A share of `of`, with its Wilson interval at 95 %: https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval */
export interface Proportion {
  count: number
  of: number
  /** null where `of` is 0. */
  share: number | null
  interval: [low: number, high: number] | null
}

const z = 1.959964

export function proportion(count: number, of: number): Proportion {
  if (of === 0) return { count, of, share: null, interval: null }
  const share = count / of
  const scale = 1 + z ** 2 / of
  const middle = (share + z ** 2 / (2 * of)) / scale
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))
  return { count, of, share, interval: [Math.max(0, middle - half), Math.min(1, middle + half)] }
}
