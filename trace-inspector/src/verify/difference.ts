/** What can be between what a run did and what came of it, most serious first. */
export const differenceKinds = [
  'missing',
  'orphaned',
  'duplicated',
  'unexpected',
  'reparented',
  'renamed',
  'kind_changed',
  'service_changed',
  'status_changed',
  'status_message_changed',
  'time_changed',
  'attribute_lost',
  'attribute_truncated',
  'attribute_changed',
  'attribute_added',
  'event_lost',
  'event_changed',
  'event_added',
  'link_lost',
  'link_added',
  'scope_changed',
  'resource_changed',
  'trace_state_changed',
  'flags_changed',
  'dropped_count_changed',
] as const
export type DifferenceKind = (typeof differenceKinds)[number]

export interface Difference {
  kind: DifferenceKind
  /** null for a missing SERVER span: its id was never told. */
  span_id: string | null
  /** Names from the root to the span; the key of its step at the end, where it has one. */
  path: string
  expected: unknown
  actual: unknown
}

/** What was found to be different of one span. */
export type Found = Pick<Difference, 'kind' | 'expected' | 'actual'>

const mostListed = 100

/** Counts every difference and lists the first hundred of them. */
export class Differences {
  readonly counts = Object.fromEntries(differenceKinds.map((kind) => [kind, 0])) as Record<DifferenceKind, number>
  readonly list: Difference[] = []
  total = 0

  /** `path` is made only for those that are listed. */
  add({ kind, expected, actual }: Found, spanId: string | null, path: () => string): void {
    this.counts[kind]++
    if (this.total++ < mostListed)
      this.list.push({ kind, span_id: spanId, path: path(), expected: shown(expected), actual: shown(actual) })
  }
}

const longest = 200

/** Long text is cut, and says how long it was. */
function shown(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > longest ? `${value.slice(0, longest)}… (${value.length} characters)` : value
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]))
}
