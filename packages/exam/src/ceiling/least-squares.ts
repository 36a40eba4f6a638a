/** Weighted least squares by normal equations: the coefficients, and their standard errors. Columns are few. */
export function leastSquares(
  rows: readonly (readonly number[])[],
  values: readonly number[],
  weights: readonly number[] = [],
): { coefficients: number[]; errors: number[] } {
  const size = rows[0]?.length ?? 0
  const normal = Array.from({ length: size }, () => new Float64Array(size))
  const right = new Float64Array(size)
  rows.forEach((row, index) => {
    const weight = weights[index] ?? 1
    for (let a = 0; a < size; a++) {
      const scaled = weight * (row[a] as number)
      right[a] = (right[a] as number) + scaled * (values[index] as number)
      for (let b = 0; b < size; b++) (normal[a] as Float64Array)[b] = at(normal, a, b) + scaled * (row[b] as number)
    }
  })
  const inverse = invert(normal)
  const coefficients = inverse.map((line) => line.reduce((sum, each, b) => sum + each * (right[b] as number), 0))
  const squares = rows.map((row, index) => {
    const fitted = row.reduce((sum, each, a) => sum + each * (coefficients[a] as number), 0)
    return (weights[index] ?? 1) * ((values[index] as number) - fitted) ** 2
  })
  const variance = squares.reduce((sum, each) => sum + each, 0) / Math.max(1, rows.length)
  return { coefficients, errors: inverse.map((line, a) => Math.sqrt(Math.max(0, line[a] as number) * variance)) }
}

const at = (matrix: readonly Float64Array[], row: number, column: number) => matrix[row]?.[column] ?? 0

/** Gauss–Jordan with pivots; a column that depends on others gets no part. */
function invert(matrix: readonly Float64Array[]): number[][] {
  const size = matrix.length
  const work = matrix.map((row, index) => [
    ...row,
    ...Array.from({ length: size }, (_, column) => Number(column === index)),
  ])
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let row = column; row < size; row++)
      if (Math.abs(work[row]?.[column] ?? 0) > Math.abs(work[pivot]?.[column] ?? 0)) pivot = row
    const [here, there] = [work[column] as number[], work[pivot] as number[]]
    work[column] = there
    work[pivot] = here
    const scale = there[column] as number
    if (Math.abs(scale) < 1e-9 * Math.max(1, at(matrix, column, column))) {
      work[column] = there.map(() => 0)
      continue
    }
    work[column] = there.map((each) => each / scale)
    for (let row = 0; row < size; row++) {
      const line = work[row] as number[]
      const factor = line[column] as number
      if (row !== column && factor !== 0)
        work[row] = line.map((each, index) => each - factor * (work[column]?.[index] ?? 0))
    }
  }
  return work.map((row) => row.slice(size))
}
