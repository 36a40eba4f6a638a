import type { Features } from './features.ts'

/** Rows of figures, each column with mean 0 and deviation 1. */
export interface Matrix {
  rows: readonly Float64Array[]
  columns: readonly string[]
}

/** A word that fewer have tells one of them, and no kind. */
const fewest = 5

/**
 * Features as rows. A figure that is not there is at its mean; a word that only a few have is left out, and so is a column that
 * is the same everywhere.
 */
export function matrixOf(all: readonly Features[]): Matrix {
  const having = new Map<string, number>()
  for (const { words, figures } of all) {
    for (const word of words) having.set(`word ${word}`, (having.get(`word ${word}`) ?? 0) + 1)
    for (const name of figures.keys()) having.set(name, (having.get(name) ?? 0) + 1)
  }
  const candidates = [...having].flatMap(([name, n]) => (n >= fewest ? [name] : []))
  const columns: string[] = []
  const rows = all.map(() => [] as number[])
  for (const name of candidates) {
    const word = name.startsWith('word ') ? name.slice(5) : undefined
    const values = all.map(({ words, figures }) =>
      word === undefined ? (figures.get(name) ?? Number.NaN) : Number(words.has(word)),
    )
    const known = values.filter((value) => !Number.isNaN(value))
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length)
    if (deviation < 1e-9) continue
    columns.push(name)
    for (const [row, value] of values.entries())
      rows[row]?.push(Number.isNaN(value) ? 0 : Math.max(-5, Math.min(5, (value - mean) / deviation)))
  }
  return { rows: rows.map((row) => Float64Array.from(row)), columns }
}
