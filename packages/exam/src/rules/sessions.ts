import type { AnalysisStep } from 'findings/step'

/** A trace as those read it who look for sessions. */
export interface SessionTrace {
  trace_id: string
  steps: readonly AnalysisStep[]
  conversation: string | undefined
  /** Traces that its spans link to. */
  linksTo: readonly string[]
}

/** Which traces are one with each, itself among them. */
export type SessionReader = (traces: readonly SessionTrace[]) => ReadonlyMap<string, ReadonlySet<string>>

const startOf = ({ steps }: SessionTrace) => Math.min(...steps.map(({ start_ms }) => start_ms))
const endOf = ({ steps }: SessionTrace) => Math.max(...steps.map(({ end_ms }) => end_ms))

/** Groups of traces, as pairs that belong together join them. */
function grouped(traces: readonly SessionTrace[], pairs: Iterable<readonly [string, string]>) {
  const groups = new Map(traces.map(({ trace_id }) => [trace_id, new Set([trace_id])]))
  for (const [a, b] of pairs) {
    const [one, other] = [groups.get(a), groups.get(b)]
    if (!one || !other || one === other) continue
    for (const id of other) groups.set(id, one.add(id))
  }
  return groups
}

function sharing(traces: readonly SessionTrace[]): [string, string][] {
  const known = Map.groupBy(
    traces.filter(({ conversation }) => conversation !== undefined),
    ({ conversation }) => conversation,
  )
  return [...known.values()].flatMap(([first, ...others]) =>
    others.map(({ trace_id }): [string, string] => [(first as SessionTrace).trace_id, trace_id]),
  )
}

const linked = (traces: readonly SessionTrace[]) =>
  traces.flatMap(({ trace_id, linksTo }) => linksTo.map((to): [string, string] => [trace_id, to]))

/** Times of two agents that do not agree to the last digit, ms. */
const toleranceMs = 5

/**
 * Roots that nobody asked for, each below a call with nothing below it that was under way all the while: those pairs first that
 * leave the least time beside the root, and no call twice.
 */
function fitted(traces: readonly SessionTrace[]): [string, string][] {
  const roots = traces.flatMap(({ trace_id, steps, linksTo }) => {
    const root = steps.find(({ parent_span_id }) => parent_span_id === null)
    return root?.name.startsWith('POST ') && linksTo.length === 0 ? [{ trace_id, root }] : []
  })
  const calls = traces.flatMap(({ trace_id, steps }) => {
    const parents = new Set(steps.map(({ parent_span_id }) => parent_span_id))
    return steps
      .filter(({ operation, span_id, failed }) => operation === 'hand_over' && !parents.has(span_id) && !failed)
      .map((call) => ({ trace_id, call }))
  })
  const pairs = roots.flatMap((root) =>
    calls.flatMap((call) => {
      const before = root.root.start_ms - call.call.start_ms
      const after = call.call.end_ms - root.root.end_ms
      return before >= -toleranceMs && after >= -toleranceMs ? [{ root, call, slackMs: before + after }] : []
    }),
  )
  const taken = new Set<unknown>()
  return pairs
    .toSorted((a, b) => a.slackMs - b.slackMs)
    .flatMap(({ root, call }): [string, string][] => {
      if (taken.has(root) || taken.has(call)) return []
      taken.add(root).add(call)
      return [[call.trace_id, root.trace_id]]
    })
}

/** Who says which traces are one session: by rules of a line, and by all that spans tell. */
export const sessionReaders = {
  'each-alone': (traces) => grouped(traces, []),
  'same-conversation': (traces) => grouped(traces, sharing(traces)),
  'at-the-same-time': (traces) =>
    new Map(
      traces.map((one) => {
        const beside = traces.filter((other) => startOf(other) <= endOf(one) && endOf(other) >= startOf(one))
        return [one.trace_id, new Set(beside.map(({ trace_id }) => trace_id))]
      }),
    ),
  'sessions-informed': (traces) => grouped(traces, [...sharing(traces), ...linked(traces), ...fitted(traces)]),
} satisfies Record<string, SessionReader>
