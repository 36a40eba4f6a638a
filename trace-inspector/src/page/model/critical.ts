import { walkCriticalPath } from 'findings/critical-path'
import type { AnalysisStep } from 'findings/step'
import { type Columns, endOf, nameOf, serviceOf } from './columns.ts'
import { childrenOf, type Tree } from './tree.ts'

const noFacts = {}
const noEvents: never[] = []

/** Exclusive ms of each span on the critical path, by the formula of the findings; empty where there is no workflow. */
export function criticalPathOf(columns: Columns, tree: Tree): Map<number, number> {
  const root = workflowOf(columns, tree)
  if (root === undefined) return new Map()
  const steps = columns.id.map((span_id, span): AnalysisStep => {
    const parent = columns.parent[span] as number
    return {
      span_id,
      parent_span_id: parent < 0 ? null : (columns.id[parent] as string),
      operation: '',
      name: nameOf(columns, span),
      service: serviceOf(columns, span),
      agent_id: null,
      facts: noFacts,
      events: noEvents,
      start_ms: columns.start[span] as number,
      end_ms: endOf(columns, span),
      failed: false,
    }
  })
  const index = new Map(columns.id.map((id, span) => [id, span]))
  return new Map(
    [...walkCriticalPath(steps, steps[root] as AnalysisStep)].map(([step, exclusive]) => [
      index.get(step.span_id) as number,
      exclusive,
    ]),
  )
}

/** The span that stands for the run, or the first root of a trace that has none. */
export function workflowOf(columns: Columns, tree: Tree): number | undefined {
  const named = columns.name.findIndex((name) => columns.names[name]?.startsWith('invoke_workflow'))
  return named >= 0 ? named : tree.roots[0]
}

/** A part of a span in which the run waited for this very span, ms since the origin. */
export interface Segment {
  span: number
  from: number
  to: number
}

/** Where the critical path runs: the times of its spans that none of their children on the path take, in order of time. */
export function segmentsOf(columns: Columns, tree: Tree, path: ReadonlyMap<number, number>): Segment[] {
  const segments: Segment[] = []
  for (const span of path.keys()) {
    let from = columns.start[span] as number
    const end = endOf(columns, span)
    for (const child of childrenOf(tree, span)) {
      if (!path.has(child)) continue
      const start = Math.min(end, columns.start[child] as number)
      if (start > from) segments.push({ span, from, to: start })
      from = Math.max(from, Math.min(end, endOf(columns, child)))
    }
    if (end > from) segments.push({ span, from, to: end })
  }
  return segments.sort((a, b) => a.from - b.from)
}
