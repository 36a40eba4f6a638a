import { type SpanRef, handoffPath } from 'contract/handoff'
import type { LedgerAnswer } from 'contract/ledger'
import { mcp } from 'dialects/gen-ai/names'
import type { ReceivedSpan } from '../otlp/span.ts'
import type { Trace } from '../trace.ts'

/** Where a trace that was severed belongs. */
export interface Edge {
  /** Its root, which has no parent. */
  root: ReceivedSpan
  /** Its true parent, as a ledger knows it; else calls that it fits below, the likeliest first, and none where nothing fits. */
  parents: SpanRef[]
  known_by: 'ledger' | 'spans'
}

/** What agents say of a trace; undefined where that is sealed, or nobody knows. */
export type LedgerOf = (trace: Trace) => Promise<LedgerAnswer | undefined>

/** Clocks of two agents may be this far apart, ms. */
const toleranceMs = 50

/** The root of a trace that is the rest of another one: asked to take over by nobody, and linked to nothing. */
export function orphanOf({ id, root }: Trace): ReceivedSpan | undefined {
  if (!root || root.parentSpanId !== null || root.name !== `POST ${handoffPath}`) return undefined
  return root.links.some(({ traceId }) => traceId !== id) ? undefined : root
}

/** Where each of these traces belongs that is the rest of another. */
export async function edgesOf(traces: readonly Trace[], ledgerOf: LedgerOf): Promise<Map<string, Edge>> {
  const open = openCalls(traces)
  const found = await Promise.all(
    traces.map(async (trace): Promise<[string, Edge][]> => {
      const root = orphanOf(trace)
      if (!root) return []
      const ledger = await ledgerOf(trace)
      const known = ledger?.runs.find(({ steps }) => steps[0]?.span_id === root.spanId)?.part?.severed_from
      const edge: Edge = known
        ? { root, parents: [known], known_by: 'ledger' }
        : { root, parents: fitting(root, open), known_by: 'spans' }
      return [[trace.id, edge]]
    }),
  )
  return new Map(found.flat())
}

/** Calls that hand over and have nothing below them. */
export function openCalls(traces: readonly Trace[]): ReceivedSpan[] {
  return traces.flatMap(({ spans }) => {
    const parents = new Set([...spans.values()].map(({ parentSpanId }) => parentSpanId))
    return [...spans.values()].filter(
      ({ spanId, attributes }) => attributes[mcp.methodName] !== undefined && !parents.has(spanId),
    )
  })
}

/** The calls around a request, those first that leave the least time beside it. */
function fitting(root: ReceivedSpan, calls: readonly ReceivedSpan[]): SpanRef[] {
  const slack = ({ startMs, endMs }: ReceivedSpan) => {
    const before = (root.startMs ?? NaN) - (startMs ?? NaN)
    const after = (endMs ?? NaN) - (root.endMs ?? NaN)
    return Math.min(before, after) >= -toleranceMs ? Math.abs(before) + Math.abs(after) : NaN
  }
  return calls
    .map((call) => ({ call, ms: slack(call) }))
    .filter(({ call, ms }) => !Number.isNaN(ms) && call.traceId !== root.traceId)
    .toSorted((a, b) => a.ms - b.ms)
    .map(({ call }) => ({ trace_id: call.traceId, span_id: call.spanId }))
}
