import { round, sum } from './step.ts'

/**
 * The value at or below which a share `p` (0 to 1) of the values lies, by nearest rank: the ⌈p × n⌉-th smallest. 0 of none.
 * https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method
 */
export function percentile(values: readonly number[], p: number): number {
  return rank(ascending(values), p)
}

const ascending = (values: readonly number[]) => Float64Array.from(values).sort()

function rank(sorted: Float64Array, p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0
}

/** The median as nearest rank has it: one of the values. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export interface Distribution {
  count: number
  mean_ms: number
  p50_ms: number
  p95_ms: number
  p99_ms: number
}

export function distribution(valuesMs: readonly number[]): Distribution {
  const sorted = ascending(valuesMs)
  return {
    count: valuesMs.length,
    mean_ms: round(valuesMs.length === 0 ? 0 : sum(valuesMs) / valuesMs.length),
    p50_ms: round(rank(sorted, 0.5)),
    p95_ms: round(rank(sorted, 0.95)),
    p99_ms: round(rank(sorted, 0.99)),
  }
}

export interface Line {
  /** Least-squares slope of y over x; null where x does not vary. */
  slope: number | null
  /** Pearson's correlation; null below three points, or where x or y does not vary. */
  r: number | null
}

/** Least squares and Pearson's r of points (x, y): https://en.wikipedia.org/wiki/Simple_linear_regression */
export function fitLine(points: readonly { x: number; y: number }[]): Line {
  const meanX = sum(points.map(({ x }) => x)) / points.length
  const meanY = sum(points.map(({ y }) => y)) / points.length
  const xx = sum(points.map(({ x }) => (x - meanX) ** 2))
  const yy = sum(points.map(({ y }) => (y - meanY) ** 2))
  const xy = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY)))
  return {
    slope: xx > 0 ? xy / xx : null,
    r: points.length >= 3 && xx > 0 && yy > 0 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))) : null,
  }
}
