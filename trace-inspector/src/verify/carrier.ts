/** What a way for spans to get here cannot carry, so that it is not taken for damage. */
export interface Carrier {
  /** How far a time may be off because of how it is written, ms. */
  timeToleranceMs: number
  /** Whether lists come as their JSON text. */
  listsAsText: boolean
  /** In words, for people. */
  notCarried: readonly string[]
}

/** OTLP carries everything; its nanoseconds and the ledger's milliseconds are the same number, rounded. */
export const otlp: Carrier = { timeToleranceMs: 0.001, listsAsText: false, notCarried: [] }
