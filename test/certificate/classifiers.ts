/** Learns from rows which are culprits; the result says of a row how likely it is one, on any scale. */
export type Learn = (rows: readonly Float64Array[], isCulprit: readonly boolean[]) => (row: Float64Array) => number

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

/** What a row weighs, so that the few weigh as much together as the many. */
function weightsOf(isCulprit: readonly boolean[]): number[] {
  const culprits = isCulprit.filter(Boolean).length
  return isCulprit.map((is) => 0.5 / (is ? culprits : isCulprit.length - culprits))
}

/** Logistic regression with an L2 penalty, by gradient descent with momentum. */
export const logistic: Learn = (rows, isCulprit) => {
  const width = rows[0]?.length ?? 0
  const weights = weightsOf(isCulprit)
  const slopes = new Float64Array(width)
  const speed = new Float64Array(width)
  let bias = 0
  const score = (row: Float64Array) => {
    let sum = bias
    for (let column = 0; column < width; column++) sum += (slopes[column] as number) * (row[column] as number)
    return sum
  }
  for (let round = 0; round < 60; round++) {
    const gradient = Float64Array.from(slopes, (slope) => 0.01 * slope)
    let drift = 0
    for (const [index, row] of rows.entries()) {
      const error = (sigmoid(score(row)) - Number(isCulprit[index])) * (weights[index] as number)
      drift += error
      for (let column = 0; column < width; column++)
        gradient[column] = (gradient[column] as number) + error * (row[column] as number)
    }
    bias -= 0.5 * drift
    for (let column = 0; column < width; column++) {
      speed[column] = 0.9 * (speed[column] as number) - 0.1 * (gradient[column] as number)
      slopes[column] = (slopes[column] as number) + (speed[column] as number)
    }
  }
  return score
}

interface Stump {
  column: number
  above: number
  low: number
  high: number
}

/** Gradient boosting of stumps over quantiles (Friedman, 2001), for logistic loss. */
export const boosting: Learn = (rows, isCulprit) => {
  const width = rows[0]?.length ?? 0
  const weights = weightsOf(isCulprit)
  const scores = new Float64Array(rows.length)
  const stumps: Stump[] = []
  const bins = Array.from({ length: width }, (_, column) => binsOf(rows, column))
  for (let round = 0; round < 60; round++) {
    const slope = scores.map((score, row) => (Number(isCulprit[row]) - sigmoid(score)) * (weights[row] as number))
    const curve = scores.map((score, row) => sigmoid(score) * (1 - sigmoid(score)) * (weights[row] as number))
    const stump = bestStump(bins, slope, curve)
    if (!stump) break
    stumps.push(stump)
    for (const [row, values] of rows.entries()) scores[row] = (scores[row] as number) + valueOf(stump, values)
  }
  return (row) => stumps.reduce((sum, stump) => sum + valueOf(stump, row), 0)
}

const valueOf = ({ column, above, low, high }: Stump, row: Float64Array) =>
  (row[column] as number) > above ? high : low

interface Bins {
  /** The bin of each row. */
  of: Uint8Array
  /** The largest value of each bin. */
  tops: number[]
}

function binsOf(rows: readonly Float64Array[], column: number): Bins {
  const sorted = Float64Array.from(rows, (row) => row[column] as number).sort()
  const quantiles = Array.from({ length: 15 }, (_, at) => sorted[Math.floor(((at + 1) / 16) * sorted.length)] as number)
  const tops = [...new Set(quantiles)]
  const of = Uint8Array.from(rows, (row) => {
    const at = tops.findIndex((top) => (row[column] as number) <= top)
    return at < 0 ? tops.length : at
  })
  return { of, tops }
}

function bestStump(bins: readonly Bins[], slope: Float64Array, curve: Float64Array): Stump | undefined {
  const slopeInAll = slope.reduce((sum, value) => sum + value, 0)
  const curveInAll = curve.reduce((sum, value) => sum + value, 0)
  const penalty = 0.02
  const rate = 0.2
  let best: Stump | undefined
  let mostGain = 1e-6
  for (const [column, { of, tops }] of bins.entries()) {
    const slopes = new Float64Array(tops.length + 1)
    const curves = new Float64Array(tops.length + 1)
    for (let row = 0; row < of.length; row++) {
      const bin = of[row] as number
      slopes[bin] = (slopes[bin] as number) + (slope[row] as number)
      curves[bin] = (curves[bin] as number) + (curve[row] as number)
    }
    let [slopeBelow, curveBelow] = [0, 0]
    for (const [bin, above] of tops.entries()) {
      slopeBelow += slopes[bin] as number
      curveBelow += curves[bin] as number
      const [slopeAbove, curveAbove] = [slopeInAll - slopeBelow, curveInAll - curveBelow]
      const gain = slopeBelow ** 2 / (curveBelow + penalty) + slopeAbove ** 2 / (curveAbove + penalty)
      if (gain <= mostGain) continue
      mostGain = gain
      const low = (rate * slopeBelow) / (curveBelow + penalty)
      best = { column, above, low, high: (rate * slopeAbove) / (curveAbove + penalty) }
    }
  }
  return best
}
