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

/** Nothing here recurses: a chain is thousands deep. Parents must not go round in circles: `withoutCircles` sees to it. */
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
  const tree = { roots, first, children, depth: new Int32Array(count), below: new Int32Array(count) }
  const visited: number[] = []
  const open = [...roots]
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    visited.push(span)
    for (const child of childrenOf(tree, span)) {
      tree.depth[child] = (tree.depth[span] as number) + 1
      open.push(child)
    }
  }
  for (const span of visited.reverse()) {
    const above = parent[span] as number
    if (above >= 0) tree.below[above] = (tree.below[above] as number) + (tree.below[span] as number) + 1
  }
  return tree
}

/** The same parents, but that of spans that are each other's one becomes a root: what comes from outside may be anything. */
export function withoutCircles(parents: readonly number[]): number[] {
  const parent = [...parents]
  // The walk on which a span was first met; 0 for none yet.
  const walkOf = new Int32Array(parent.length)
  for (let span = 0; span < parent.length; span++) {
    let at = span
    while (at >= 0 && walkOf[at] === 0) {
      walkOf[at] = span + 1
      const above = parent[at] as number
      if (above >= 0 && walkOf[above] === span + 1) parent[at] = -1
      at = parent[at] as number
    }
  }
  return parent
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
