/** What the ledger has to say of one span. */
export interface Note {
  /** The step's name in every replay. */
  key: string
  /** Before and after; of a lost span there is no after. */
  changes: { kind: string; expected: unknown; actual: unknown }[]
  /** Of a lost span: what was written on it. */
  attributes?: Record<string, unknown>
}
