/**
 * A value as OTLP has it. What no number here can hold comes as `{ int: digits }` and `{ double: 'NaN' }` (or an
 * infinity), bytes as `{ bytes: base64 }`; a group that might be taken for one of these as `{ group: members }`; null is a
 * value that was left empty.
 */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }
export type Attributes = Record<string, Value>

const wrappers: readonly string[] = ['int', 'double', 'bytes', 'group']

/** A group as a value. */
export function groupValue(members: Attributes): Value {
  const [first, ...others] = Object.keys(members)
  return first !== undefined && others.length === 0 && wrappers.includes(first) ? { group: members } : members
}

export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export const statuses = ['unset', 'ok', 'error'] as const

/** A span as it arrived. Ids are lower-case hex; times are milliseconds since the epoch, to a quarter of a microsecond. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  /** null for a root. */
  parentSpanId: string | null
  name: string
  kind: (typeof spanKinds)[number]
  /** `service.name` of its resource; empty when there is none. */
  service: string
  /** null where it is not known. */
  startMs: number | null
  /** null where it is not known; it may lie before the start. */
  endMs: number | null
  attributes: Attributes
  /** Attributes that came as a double and are whole: nothing else tells 2.0 from 2. */
  wholeDoubles: readonly string[]
  events: readonly ReceivedEvent[]
  links: readonly { traceId: string; spanId: string }[]
  status: (typeof statuses)[number]
  statusMessage: string
  /** Of its resource; shared by the spans that came with it. */
  resource: Attributes
  /** As `wholeDoubles`, of its resource. */
  resourceDoubles: readonly string[]
  /** What made it; shared by the spans that came with it. */
  scope: Scope
  traceState: string
  /** W3C trace flags in the lowest byte; 0x100 and 0x200 tell whether the parent is remote. */
  flags: number
  /** What the sender had no room for. */
  dropped: Dropped
}

export interface ReceivedEvent {
  name: string
  /** null where it is not known. */
  timeMs: number | null
  attributes: Attributes
  wholeDoubles: readonly string[]
}

export interface Scope {
  name: string
  version: string
}

export interface Dropped {
  attributes: number
  events: number
  links: number
}

/** What most spans have nothing of, once for all of them. */
export const none: readonly never[] = []
export const nothingDropped: Dropped = { attributes: 0, events: 0, links: 0 }
