/** What a way for spans to get here cannot carry, so that it is not taken for damage. */
export interface Transport {
  /** How far a time may be off because of how it is written, ms. */
  timeToleranceMs: number
  /** Whether lists come as their JSON text. */
  listsAsText: boolean
  /** Whether trace flags and the counts of what a sender had to drop come. */
  hasFlagsAndCounts: boolean
  /** What it does not carry, and what is not compared, in words. */
  notCarried: readonly string[]
}

/** What only the service knows that wrote it, and what nothing here writes. */
export const notCompared = [
  'attributes, events and scopes of SERVER spans, links that were added to them, and the resource of tool-service: it wrote them itself',
  'schema URLs, entities of resources, attributes of scopes, all but the last of attributes of one name',
  'of links all but the ids that they lead to, of flags all but sampled and remote',
  'how many attributes a sender dropped of a resource, a scope, an event or a link',
]

/** OTLP carries everything; its nanoseconds and the ledger's milliseconds are the same number, rounded. */
export const otlp: Transport = {
  timeToleranceMs: 0.001,
  listsAsText: false,
  hasFlagsAndCounts: true,
  notCarried: notCompared,
}
