import type { Random } from 'contract/random'

/** A share of all values, and the value that this share lies below. */
export type Anchor = readonly [share: number, value: number]

/**
 * A distribution through published quantiles: between two of them the logarithm of the value is linear in the normal score
 * of the share, which is a lognormal piece; beyond the first and the last the outer piece goes on. Draws lie between `min`
 * and `max`.
 */
export class Quantiles {
  readonly #scores: readonly number[]
  readonly #logs: readonly number[]
  readonly #min: number
  readonly #max: number

  /** Two anchors or more, both columns ascending, shares between 0 and 1, values above 0. */
  constructor(anchors: readonly Anchor[], { min = 0, max = Infinity } = {}) {
    this.#scores = anchors.map(([share]) => normalScore(share))
    this.#logs = anchors.map(([, value]) => Math.log(value))
    this.#min = min
    this.#max = max
  }

  /** The value that `share` of all lie below. */
  at(share: number): number {
    const score = normalScore(share)
    const last = this.#scores.length - 1
    let upper = 1
    while (upper < last && score > (this.#scores[upper] as number)) upper++
    const [x0, x1] = [this.#scores[upper - 1] as number, this.#scores[upper] as number]
    const [y0, y1] = [this.#logs[upper - 1] as number, this.#logs[upper] as number]
    const value = Math.exp(y0 + ((score - x0) / (x1 - x0)) * (y1 - y0))
    return Math.min(Math.max(value, this.#min), this.#max)
  }

  draw(random: Random): number {
    return this.at(random.float())
  }
}

/** Beyond this share the score stands still: nothing is drawn that one in ten million would not reach. */
const outermost = 1e-7

/**
 * How many standard deviations from the mean a share of a normal distribution ends. Peter Acklam's rational approximation
 * of the inverse (2003), relative error below 1.2 × 10⁻⁹.
 */
export function normalScore(share: number): number {
  const p = Math.min(Math.max(share, outermost), 1 - outermost)
  if (p < tail) return tailScore(Math.sqrt(-2 * Math.log(p)))
  if (p > 1 - tail) return -tailScore(Math.sqrt(-2 * Math.log(1 - p)))
  const q = p - 0.5
  const r = q * q
  return (horner(a, r) * q) / (horner(b, r) * r + 1)
}

const tail = 0.02425
const tailScore = (q: number) => horner(c, q) / (horner(d, q) * q + 1)

const horner = (coefficients: readonly number[], x: number) => coefficients.reduce((sum, next) => sum * x + next, 0)

const a = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
]
const b = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1]
const c = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
]
const d = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416]
