import type { Message } from './fields.ts'

/** How one encoding writes what differs between them. */
export interface Encoding {
  /** A message that is judged on its own. Throws Malformed. */
  open(value: unknown, type: SealedType): Message
  /** Ids as lower-case hex, undefined when they are none. */
  hex(value: unknown): string | undefined
  /** Other bytes, undefined when they are none. */
  base64(value: unknown): string | undefined
  /** Any number, of 64 bits the nearest; undefined when it is none. */
  number(value: unknown): number | undefined
  /** All digits of a whole number of 64 bits. */
  digits(value: unknown): string
}
export type SealedType = 'ResourceSpans' | 'Resource' | 'ScopeSpans' | 'InstrumentationScope' | 'Span'
