import { round } from 'findings/step'
import { summaryOf } from '../columns.ts'
import type { Trace } from '../trace.ts'
import type { Traces } from '../traces.ts'
import { type Edge, type LedgerOf, openCalls, orphanOf } from './edges.ts'

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
  /** null where none of them has one. */
  conversation_id: string | null
  /** In order of start: the trace that was asked for is among them. */
  traces: SessionTrace[]
}

/** More than these nobody reads. */
const mostTraces = 200

/**
 * The traces here that are one session with this one, itself among them, in order of start: those that have a conversation in
 * common, whose roots link to each other, or that an open ledger names. Whichever is asked for, they are the same.
 */
export async function tracesOf(trace: Trace, traces: Traces, ledgerOf: LedgerOf): Promise<Trace[]> {
  const joined = joinedIn(traces)
  const reached = new Set([trace])
  let wave = [trace]
  while (wave.length > 0) {
    const named = await Promise.all(wave.map((each) => namedBy(each, ledgerOf)))
    const found = [...named.flat().flatMap((id) => traces.find(id) ?? []), ...wave.flatMap((each) => joined(each))]
    wave = [...new Set(found).difference(reached)].slice(0, mostTraces - reached.size)
    for (const each of wave) reached.add(each)
  }
  return [...reached].toSorted((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0) || (a.id < b.id ? -1 : 1))
}

/** Which traces spans join to one, those first whose roots link, then the newest; those of a conversation once. */
function joinedIn(traces: Traces): (trace: Trace) => Trace[] {
  const all = traces.recent(Infinity)
  const linking = groupedBy(all, linkedBy)
  const talking = groupedBy(all, ({ conversations }) => conversations)
  const talk = (conversation: string) => {
    const group = talking.get(conversation) ?? []
    talking.delete(conversation)
    return group
  }
  return (trace) => [
    ...[...linkedBy(trace)].flatMap((id) => traces.find(id) ?? []),
    ...(linking.get(trace.id) ?? []),
    ...[...trace.conversations].flatMap(talk),
  ]
}

const linkedBy = ({ root }: Trace) => new Set(root?.links.map(({ traceId }) => traceId))

function groupedBy(all: readonly Trace[], namesOf: (trace: Trace) => Iterable<string>): Map<string, Trace[]> {
  const groups = new Map<string, Trace[]>()
  for (const trace of all)
    for (const name of namesOf(trace)) {
      const group = groups.get(name)
      if (group) group.push(trace)
      else groups.set(name, [trace])
    }
  return groups
}

/** The traces that the ledger of one names, where spans say that something of it is elsewhere. */
async function namedBy(trace: Trace, ledgerOf: LedgerOf): Promise<string[]> {
  if (!orphanOf(trace) && openCalls([trace]).length === 0) return []
  const ledger = await ledgerOf(trace)
  return (ledger?.runs ?? []).flatMap(({ part, steps }) => [
    ...(part?.severed_from ? [part.severed_from.trace_id] : []),
    ...steps.flatMap(({ handed_over: taken }) => (taken ? [taken.trace_id] : [])),
  ])
}

/** These traces one after the other, with the time between them. `edges` are those that were severed, by trace. */
export function sessionOf(trace: Trace, together: readonly Trace[], edges: ReadonlyMap<string, Edge>): Session {
  const [conversation = null] = [trace, ...together].flatMap(({ conversations }) => [...conversations])
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
