import type { Columns } from './columns.ts'
import type { Folds } from './fold.ts'
import { ancestorsOf, childrenOf, type Tree } from './tree.ts'

/** What the reader opened and closed; all else is as it comes: spans open, folds closed. */
export interface Opened {
  closed: ReadonlySet<number>
  unfolded: ReadonlySet<number>
}

/** The rows that can be scrolled to, from top to bottom. */
export interface Rows {
  /** A span, or −1 − a fold. */
  row: Int32Array
  /** From 0; one more for the members of a fold than for the fold. */
  level: Int32Array
}

export const spanOfRow = (row: number): number => (row >= 0 ? row : -1)
export const foldOfRow = (row: number): number => (row < 0 ? -1 - row : -1)
export const rowOfFold = (fold: number): number => -1 - fold

/** Lays the open part of the tree out in rows. A fold stands where its first member would. */
export function layOut(tree: Tree, { folds, of }: Folds, { closed, unfolded }: Opened): Rows {
  const rows: number[] = []
  const levels: number[] = []
  const shown = new Uint8Array(folds.length)
  // Pairs of row and level, the next one last.
  const open: number[] = []
  const push = (spans: ArrayLike<number>, level: number) => {
    for (let at = spans.length - 1; at >= 0; at--) open.push(spans[at] as number, level)
  }
  push(tree.roots, 0)
  while (open.length > 0) {
    const level = open.pop() as number
    const span = open.pop() as number
    const fold = of[span] as number
    if (fold >= 0 && !unfolded.has(fold)) {
      if (shown[fold]) continue
      shown[fold] = 1
      rows.push(rowOfFold(fold))
      levels.push(level)
      continue
    }
    if (fold >= 0 && !shown[fold]) {
      shown[fold] = 1
      rows.push(rowOfFold(fold))
      levels.push(level)
    }
    rows.push(span)
    levels.push(fold >= 0 ? level + 1 : level)
    if (!closed.has(span)) push(childrenOf(tree, span), (levels.at(-1) as number) + 1)
  }
  return { row: Int32Array.from(rows), level: Int32Array.from(levels) }
}

/** What has to be opened for a span to have a row. */
export function reveal(columns: Columns, tree: Tree, folds: Folds, opened: Opened, span: number): Opened {
  const above = ancestorsOf(columns, tree, span)
  const wanted = [...above, span].map((each) => folds.of[each] as number).filter((fold) => fold >= 0)
  const isShown = !above.some((each) => opened.closed.has(each)) && wanted.every((fold) => opened.unfolded.has(fold))
  if (isShown) return opened
  const closed = new Set(opened.closed)
  for (const each of above) closed.delete(each)
  return { closed, unfolded: new Set([...opened.unfolded, ...wanted]) }
}
