/** A value as OTLP has it; bytes come as `{ bytes: base64 }`, and null is a value that was left empty. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value }
export type Attributes = Record<string, Value>

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
  startMs: number
  endMs: number
  attributes: Attributes
  events: ReceivedEvent[]
  links: { traceId: string; spanId: string }[]
  status: (typeof statuses)[number]
}

export interface ReceivedEvent {
  name: string
  timeMs: number
  attributes: Attributes
}
