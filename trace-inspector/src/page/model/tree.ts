import type { Columns } from './columns.ts'

/** Who is below whom. Children lie behind one another in one array, in order of start. */
export interface Tree {
  roots: number[]
  /** Children of `span` are `children[first[span]]` up to, not including, `children[first[span + 1]]`. */
  first: Int32Array
  children: Int32Array
  /** 0 for a root. */
  depth: Int32Array
  /** How many spans there are below, at any depth. */
  below: Int32Array
}

/** Nothing here recurses: a chain is thousands deep. Spans that are each other's parents become roots. */
export function buildTree({ parent, start, id }: Columns): Tree {
  const count = id.length
  const order = Array.from({ length: count }, (_, span) => span).sort(
    (a, b) => (start[a] as number) - (start[b] as number) || a - b,
  )
  const first = new Int32Array(count + 1)
  for (const above of parent) if (above >= 0) (first[above + 1] as number)++
  for (let span = 0; span < count; span++) first[span + 1] = (first[span] as number) + (first[span + 1] as number)
  const next = first.slice()
  const children = new Int32Array(first[count] as number)
  const roots: number[] = []
  for (const span of order) {
    const above = parent[span] as number
    if (above < 0) roots.push(span)
    else children[(next[above] as number)++] = span
  }
  const tree = { roots, first, children, depth: new Int32Array(count).fill(-1), below: new Int32Array(count) }
  const visited = visit(tree, roots)
  if (visited.length < count) {
    for (const span of order) {
      if ((tree.depth[span] as number) >= 0) continue
      roots.push(span)
      visited.push(...visit(tree, [span]))
    }
  }
  for (const span of visited.reverse()) {
    const above = parent[span] as number
    if (above >= 0 && (tree.depth[span] as number) > 0)
      tree.below[above] = (tree.below[above] as number) + (tree.below[span] as number) + 1
  }
  return tree
}

/** Gives depths to what is below `roots` and has none; parents come before their children in what it returns. */
function visit(tree: Tree, roots: readonly number[]): number[] {
  const visited: number[] = []
  for (const root of roots) tree.depth[root] = 0
  const open = [...roots]
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    visited.push(span)
    for (const child of childrenOf(tree, span)) {
      if ((tree.depth[child] as number) >= 0) continue
      tree.depth[child] = (tree.depth[span] as number) + 1
      open.push(child)
    }
  }
  return visited
}

export function childrenOf(tree: Tree, span: number): Int32Array {
  return tree.children.subarray(tree.first[span] as number, tree.first[span + 1] as number)
}

/** From the root to the span's parent. */
export function ancestorsOf({ parent }: Columns, tree: Tree, span: number): number[] {
  const found: number[] = []
  let at = span
  for (let depth = tree.depth[span] as number; depth > 0; depth--) found.push((at = parent[at] as number))
  return found.reverse()
}
