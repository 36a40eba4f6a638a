import type { Kept } from 'dialects/shapes'

/** What an attribute may hold: whole numbers are written as ints, as the SDK's serializers do. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[]
export type Attributes = Readonly<Record<string, AttributeValue>>
export type Visit = (name: string, value: AttributeValue) => void
/** Takes attributes that other spans have just so. */
export type VisitShared = (attributes: Attributes, kept: Kept) => void

/** OTLP's numbers for a span's kind. */
export const spanKind = { internal: 1, server: 2, client: 3 } as const

/** A span of whatever trace: 32 and 16 hex digits. */
export interface SpanRef {
  readonly trace_id: string
  readonly span_id: string
}

/** A span that has ended, as it is written out. Whoever takes one reads it at once: the next may come in the same object. */
export interface EndedSpan {
  /** 32 and 16 hex digits; an empty parent is none. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly kind: (typeof spanKind)[keyof typeof spanKind]
  /** Milliseconds since the epoch, with fraction. */
  readonly startMs: number
  readonly endMs: number
  readonly events: readonly { name: string; timeMs: number; attributes: Attributes }[]
  /** Span ids of this trace, and what is linked to in others. */
  readonly links: readonly string[]
  readonly linksElsewhere: readonly SpanRef[]
  /** The message of a failure; undefined where the span did not fail. */
  readonly failure: string | undefined
  /** Whether its parent is in another process. */
  readonly isRemoteParent: boolean
  /** Without `visitShared`, all come one by one. */
  eachAttribute(visit: Visit, visitShared?: VisitShared): void
}

/** Takes attributes one by one. */
export const oneByOne =
  (visit: Visit): VisitShared =>
  (attributes) => {
    for (const name in attributes) visit(name, attributes[name] as AttributeValue)
  }

/** What spans of one service are collected in, until they are sent or written. */
export interface SpanWriter {
  readonly contentType: string
  /** Spans that were added since the last `take`, and bytes that they take, roughly. */
  readonly count: number
  readonly size: number
  add(span: EndedSpan): void
  /** An export request of them all, good until the next is added. */
  take(): Uint8Array
}

/** Bit 8 says that bit 9 is known, bit 9 that the parent is remote; bit 0 is "sampled". */
export const flagsOf = (isRemote: boolean) => (isRemote ? 0x301 : 0x101)
