import type { LedgerAnswer, Sender } from 'contract/ledger'
import type { Transport } from './transport.ts'
import type { Skew } from './skew.ts'

/** What spans are compared by, beside the steps of their run. */
export interface Terms {
  transport: Transport
  skew: Skew
  /** Those that know what their spans have in common, by service: processes may share a name. */
  senders: ReadonlyMap<string, readonly Sender[]>
}

export function termsOf({ senders }: LedgerAnswer, transport: Transport, skew: Skew): Terms {
  return { transport, skew, senders: Map.groupBy(senders, ({ service }) => service) }
}
