/** What an attribute may hold: whole numbers are written as ints, as the SDK's serializers do. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[]
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>

/** OTLP's numbers for a span's kind. */
export const spanKind = { internal: 1, server: 2, client: 3 } as const

/** A span that has ended, as it is written out. */
export interface FinishedSpan {
  /** 32 and 16 hex digits; an empty parent is none. */
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  kind: (typeof spanKind)[keyof typeof spanKind]
  /** Milliseconds since the epoch, with fraction. */
  startMs: number
  endMs: number
  attributes: Attributes
  events: readonly { name: string; timeMs: number; attributes: Attributes }[]
  /** Span ids of this trace. */
  links: readonly string[]
  /** The message of a failure; undefined where the span did not fail. */
  failure: string | undefined
  /** Whether its parent is in another process. */
  isRemoteParent: boolean
}

/** Bit 8 says that bit 9 is known, bit 9 that the parent is remote; bit 0 is "sampled". */
export const flagsOf = (isRemote: boolean) => (isRemote ? 0x301 : 0x101)
