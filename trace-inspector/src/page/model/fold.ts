import { type Columns, endOf, flag } from './columns.ts'
import { childrenOf, type Tree } from './tree.ts'

/** Siblings of one name that are shown as one row until it is opened. */
export interface Fold {
  parent: number
  name: number
  /** In order of start. */
  members: number[]
  medianMs: number
  longestMs: number
}

export interface Folds {
  folds: Fold[]
  /** The fold that a span is in; −1 for none. */
  of: Int32Array
}

/** Fewer equals than this are easier to read one by one. */
const fewest = 5
/** Members that took this many times the median are kept out. */
const outlierRule = 3
/** So that what is kept out can still be read. */
const mostKeptOut = 12
const flaws = flag.lost | flag.altered | flag.unexpected
const remarkable = flag.error | flag.orphaned | flaws

/** What stays out of folds: `outliers`, and whatever a finding points at; in an exam, where that would tell, nothing. */
export type KeptOut = { outliers: true; marked: ReadonlySet<number> } | { outliers: false }
const outliersAlone: KeptOut = { outliers: true, marked: new Set() }

/**
 * Finds the equals below each span: five or more siblings of one name, one after the other or at the same time. Where they
 * take turns with others (think, act, think …) their order is what is to be read, and they are left alone.
 */
export function findFolds(columns: Columns, tree: Tree, kept: KeptOut = outliersAlone): Folds {
  const folds: Fold[] = []
  const of = new Int32Array(columns.id.length).fill(-1)
  const isRemarkable = kept.outliers ? remarkableIn(columns, tree) : nobody
  const isMarked = kept.outliers ? markedIn(columns, kept.marked) : nobody
  for (let parent = 0; parent < columns.id.length; parent++) {
    const siblings = childrenOf(tree, parent)
    if (siblings.length < fewest) continue
    for (const [name, members] of Map.groupBy(siblings, (span) => columns.name[span] as number)) {
      if (members.length < fewest || !isOneCrowd(columns, siblings, members)) continue
      const medianMs = medianOf(columns, members)
      const isOutlier = (span: number) => kept.outliers && (columns.duration[span] as number) > outlierRule * medianMs
      const odd = members.filter((span) => !isMarked(span) && (isRemarkable(span) || isOutlier(span)))
      const weight = (span: number) => (isRemarkable(span) ? Infinity : (columns.duration[span] as number))
      const shown = new Set(odd.sort((a, b) => weight(b) - weight(a) || a - b).slice(0, mostKeptOut))
      const equals = members.filter((span) => !isMarked(span) && !shown.has(span))
      if (equals.length < fewest) continue
      for (const span of equals) of[span] = folds.length
      const longestMs = equals.reduce((longest, span) => Math.max(longest, columns.duration[span] as number), 0)
      folds.push({ parent, name, members: equals, medianMs, longestMs })
    }
  }
  return { folds, of }
}

function isOneCrowd(columns: Columns, siblings: Int32Array, members: readonly number[]): boolean {
  const from = siblings.indexOf(members[0] as number)
  if (siblings[from + members.length - 1] === members.at(-1)) return true
  let busyUntil = -Infinity
  for (const span of members) {
    if ((columns.start[span] as number) < busyUntil) return true
    busyUntil = endOf(columns, span)
  }
  return false
}

const nobody = () => false

/** Spans of which something is said, or of which something below is not as the run made it. */
function remarkableIn({ flags, parent }: Columns, tree: Tree): (span: number) => boolean {
  const said = Int32Array.from(flags)
  const deepestFirst = Array.from(said.keys()).sort((a, b) => (tree.depth[b] as number) - (tree.depth[a] as number))
  for (const span of deepestFirst) {
    const above = parent[span] as number
    if (above >= 0) said[above] = (said[above] as number) | ((said[span] as number) & flaws)
  }
  return (span) => ((said[span] as number) & remarkable) !== 0
}

/** Spans that a finding points at, and all that are above them. */
function markedIn({ parent }: Columns, marked: ReadonlySet<number>): (span: number) => boolean {
  const above = new Set<number>()
  for (const span of marked) for (let at = span; at >= 0 && !above.has(at); at = parent[at] as number) above.add(at)
  return (span) => above.has(span)
}

function medianOf({ duration }: Columns, members: readonly number[]): number {
  const sorted = members.map((span) => duration[span] as number).sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length / 2) - 1] as number
}

/** How many members are under way in each of `buckets` equal parts of [from, to], ms. */
export function densityOf(columns: Columns, fold: Fold, from: number, to: number, buckets: number): Float64Array {
  const density = new Float64Array(buckets)
  const width = (to - from) / buckets
  if (!(width > 0)) return density
  for (const span of fold.members) {
    const start = (columns.start[span] as number) - from
    const end = endOf(columns, span) - from
    const last = Math.min(buckets - 1, Math.floor(end / width))
    for (let at = Math.max(0, Math.floor(start / width)); at <= last; at++) {
      const share = (Math.min(end, (at + 1) * width) - Math.max(start, at * width)) / width
      density[at] = (density[at] as number) + Math.max(0, share)
    }
  }
  return density
}
