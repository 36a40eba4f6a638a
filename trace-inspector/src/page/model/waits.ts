import { actorOf, type Columns, nameOf } from './columns.ts'

/** What a run waited for: spans of one name on its critical path. */
export interface Wait {
  name: string
  ms: number
  spans: number
  /** The span that it waited for the longest, and who did that; empty where nobody is named. */
  longest: number
  actor: string
}

/** HTTP's conventions name a span so: the call itself says nothing of what it was made for. */
const isBareCall = (name: string) => /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|HTTP)\b/.test(name)

/**
 * The critical path by name, the longest first. A bare HTTP call counts as what it was made for: the tool or the agent
 * above it.
 */
export function waitsOf(columns: Columns, path: ReadonlyMap<number, number>): Wait[] {
  const bySpan = new Map<number, number>()
  for (const [span, exclusive] of path) {
    const asker = askerOf(columns, span)
    bySpan.set(asker, (bySpan.get(asker) ?? 0) + exclusive)
  }
  return [...Map.groupBy(bySpan, ([span]) => nameOf(columns, span))]
    .map(([name, group]): Wait => {
      const longest = group.reduce((most, each) => (each[1] > most[1] ? each : most))[0]
      const ms = group.reduce((sum, [, each]) => sum + each, 0)
      return { name, ms, spans: group.length, longest, actor: actorOf(columns, longest) }
    })
    .sort((a, b) => b.ms - a.ms)
}

function askerOf(columns: Columns, span: number): number {
  for (let at = span; at >= 0; at = columns.parent[at] as number) if (!isBareCall(nameOf(columns, at))) return at
  return span
}
