import { type Columns, flag, has, nameOf } from './columns.ts'
import { childrenOf, type Tree } from './tree.ts'

export interface Segment {
  id: string
  kind: 'thinking' | 'acting' | 'handed-over' | 'idle' | 'other'
  name: string
  ms: number
}

/** How the name of a hand-over begins. */
const handOver = 'tools/call'
const kinds: Readonly<Record<string, Segment['kind']>> = {
  chat: 'thinking',
  checkpoint: 'other',
  [handOver]: 'handed-over',
}

/** Spans whose names begin so, in order of start, as parts of the whole: what was handed over is one, whatever came of it. */
export function segmentsOf({ columns, tree }: { columns: Columns; tree: Tree }, names: readonly string[]): Segment[] {
  const found: (Segment & { start: number })[] = []
  const open = [...tree.roots]
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    const name = nameOf(columns, span)
    const begin = names.find((each) => name.startsWith(each))
    if (begin !== handOver) for (const child of childrenOf(tree, span)) open.push(child)
    if (begin === undefined) continue
    found.push({
      id: columns.id[span] as string,
      kind: has(columns, span, flag.idle) ? 'idle' : (kinds[begin] ?? 'acting'),
      name,
      ms: columns.duration[span] as number,
      start: columns.start[span] as number,
    })
  }
  return found.sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1))
}
