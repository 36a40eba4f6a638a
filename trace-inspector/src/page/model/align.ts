import { agentOf, type Columns, nameOf } from './columns.ts'
import { childrenOf, type Tree } from './tree.ts'

export interface Picture {
  columns: Columns
  tree: Tree
}

/** A step of two runs that did the same, where both have it; −1 where one does not. */
export interface StepPair {
  name: string
  agent: string
  before: number
  after: number
  beforeMs: number
  afterMs: number
}

/**
 * Says which step of one run is which of another: the same name of the same agent below the same step, counted where there
 * are several. In order of the first run; what only the second has comes last.
 */
export function align(before: Picture, after: Picture): StepPair[] {
  const numbers = new Map<string, number>()
  const first = numberSteps(before, numbers)
  const second = numberSteps(after, numbers)
  const spanAfter = new Map<number, number>()
  second.forEach((number, span) => spanAfter.set(number, span))
  const pairs = Array.from(first, (number, span) => pairOf(before, after, span, spanAfter.get(number) ?? -1))
  const known = new Set(first)
  second.forEach((number, span) => {
    if (!known.has(number)) pairs.push(pairOf(before, after, -1, span))
  })
  return pairs
}

function pairOf(first: Picture, second: Picture, before: number, after: number): StepPair {
  const { columns } = before >= 0 ? first : second
  const span = before >= 0 ? before : after
  return {
    name: nameOf(columns, span),
    agent: agentOf(columns, span),
    before,
    after,
    beforeMs: before >= 0 ? (first.columns.duration[before] as number) : 0,
    afterMs: after >= 0 ? (second.columns.duration[after] as number) : 0,
  }
}

/** A number for each span that is the same in every run; `numbers` hands them out. */
function numberSteps({ columns, tree }: Picture, numbers: Map<string, number>): Int32Array {
  const of = new Int32Array(columns.id.length).fill(-1)
  const open: { parent: number; spans: ArrayLike<number> }[] = [{ parent: -1, spans: tree.roots }]
  for (let level = open.pop(); level; level = open.pop()) {
    const seen = new Map<string, number>()
    for (const span of Array.from(level.spans)) {
      const word = `${level.parent} ${agentOf(columns, span)} ${nameOf(columns, span)}`
      const turn = seen.get(word) ?? 0
      seen.set(word, turn + 1)
      const key = `${word} ${turn}`
      const number = numbers.get(key) ?? numbers.size
      numbers.set(key, number)
      of[span] = number
      open.push({ parent: number, spans: childrenOf(tree, span) })
    }
  }
  return of
}
