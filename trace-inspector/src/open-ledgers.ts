import type { LedgerAnswer } from 'contract/ledger'
import type { Request } from 'express'
import { Problem } from 'service-kit/problem'
import type { KeptLedgers } from './kept-ledgers.ts'
import type { Traces } from './traces.ts'

/** Ledgers for whoever asks: what `verify` may compare with is not yet for everybody to read. */
export type OpenLedgers = (req: Request) => Promise<LedgerAnswer>

/**
 * The ledger of the trace that a request names, as agents told it last. Throws a 423 problem where it is sealed, unless the
 * request shows what opens it, and otherwise as `KeptLedgers.ask`.
 */
export function openLedgers(ledgers: KeptLedgers, traces: Traces, isShownAll: (req: Request) => boolean): OpenLedgers {
  return async (req) => {
    const traceId = String(req.params.trace_id)
    const ledger = await ledgers.recall(traceId, traces.find(traceId)?.endMs ?? null)
    if (!ledger.runs.some(({ sealed }) => sealed) || isShownAll(req)) return ledger
    throw new Problem(
      423,
      'Sealed',
      `This is the trace of a blind run: POST /traces/${traceId}/answer opens it, once, and so does ANSWERS_TOKEN in Authorization: Bearer`,
      { members: { trace_id: traceId } },
    )
  }
}
