import type { Observation } from 'findings/kinds'

/** A finding as the ledger of a run has it. */
export type LedgerFinding = Observation & {
  text: string
  injected: { key: string; drawn_ms: number; span_id: string }[] | null
}
