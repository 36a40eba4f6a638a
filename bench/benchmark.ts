/** One line of the table: what was measured, as a ratio to a floor that was measured in the same run. */
export interface Figure {
  name: string
  measured: string
  floor: string
  ratio: number
  /** The ratio must not exceed this; absent where nothing is promised. */
  limit?: number
}

/** A benchmark starts what it measures, and stops it. `progress` tells what it is at. */
export interface Benchmark {
  name: string
  run: (progress: (line: string) => void) => Promise<Figure[]>
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle - 0.5)] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}
