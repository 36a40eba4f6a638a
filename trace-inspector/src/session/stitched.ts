import type { ReceivedSpan } from '../otlp/span.ts'
import type { Trace } from '../trace.ts'
import type { Edge } from './edges.ts'

/** A trace with what was severed from it put back below its true parent, or below the likeliest. */
export interface Stitched {
  /** Spans of other traces, each with the parent that it is drawn below. */
  spans: ReceivedSpan[]
  /** Their roots, by id: the seams, and whether a ledger knows them. */
  seams: Map<string, Edge['known_by']>
}

/** Walks from trace to trace: what was severed from a part that was severed comes with it. */
export function stitch(trace: Trace, traces: readonly Trace[], edges: ReadonlyMap<string, Edge>): Stitched {
  const stitched: Stitched = { spans: [], seams: new Map() }
  const reached = new Set([trace.id])
  // A set takes what is added while it is walked.
  for (const id of reached)
    for (const other of traces) {
      const edge = edges.get(other.id)
      const [parent] = edge?.parents ?? []
      if (!edge || parent?.trace_id !== id || reached.has(other.id)) continue
      reached.add(other.id)
      stitched.seams.set(edge.root.spanId, edge.known_by)
      for (const span of other.spans.values())
        stitched.spans.push(span === edge.root ? { ...span, parentSpanId: parent.span_id } : span)
    }
  return stitched
}
