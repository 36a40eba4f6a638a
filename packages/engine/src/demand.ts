/** What a run may need at most, as its scenario declares it. A run that needs more is ended: it would break who relied on it. */
export interface Demand {
  /** Tool calls under way at the same time. */
  callsAtOnce: number
  /** Tool calls in all, resends included. */
  calls: number
  /** Steps in all, those that tool-service owes included. */
  steps: number
  /** What tools answer, bytes, if that is more than a word. */
  payloadBytes?: number
}
