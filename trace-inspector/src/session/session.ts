import { round } from 'findings/step'
import { summaryOf } from '../columns.ts'
import type { Trace } from '../trace.ts'
import type { Traces } from '../traces.ts'
import type { Edge } from './edges.ts'

/** A trace of a session, and what lies before it. */
export interface SessionTrace extends ReturnType<typeof summaryOf> {
  /** How long nothing of the session went on before it began, ms; 0 where something did. */
  idle_ms: number
  /** What its root is: the begin of all, the rest of another trace, or what goes on with one and links to it. */
  how: 'begins' | 'severed' | 'resumes'
  /** Of one that was severed: where it belongs. */
  belongs_to: Edge['parents']
  /** Who says so: a ledger, or no more than spans, of which several may fit. */
  known_by: Edge['known_by'] | null
}

export interface Session {
  conversation_id: string | null
  /** In order of start: the trace that was asked for is among them. */
  traces: SessionTrace[]
}

/** More than these nobody reads. */
const mostTraces = 200

/** The traces here that have a conversation in common with this one, itself among them, in order of start. */
export function tracesOf(trace: Trace, traces: Traces): Trace[] {
  const [conversation] = trace.conversations
  if (conversation === undefined) return [trace]
  return traces
    .recent(Infinity)
    .filter(({ conversations }) => conversations.has(conversation))
    .slice(0, mostTraces)
    .toSorted((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0) || (a.id < b.id ? -1 : 1))
}

/** These traces one after the other, with the time between them. `edges` are those that were severed, by trace. */
export function sessionOf(trace: Trace, together: readonly Trace[], edges: ReadonlyMap<string, Edge>): Session {
  const [conversation = null] = trace.conversations
  let endMs: number | null = null
  const listed = together.map((each) => {
    const edge = edges.get(each.id)
    const idle = endMs === null || each.startMs === null ? 0 : Math.max(0, each.startMs - endMs)
    endMs = Math.max(endMs ?? -Infinity, each.endMs ?? -Infinity)
    const isLinked = each.root?.links.some(({ traceId }) => traceId !== each.id) === true
    return {
      ...summaryOf(each),
      idle_ms: round(idle),
      how: edge ? ('severed' as const) : isLinked ? ('resumes' as const) : ('begins' as const),
      belongs_to: edge?.parents ?? [],
      known_by: edge?.known_by ?? null,
    }
  })
  return { conversation_id: conversation, traces: listed }
}
