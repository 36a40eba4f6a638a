import type { LedgerAnswer } from 'contract/ledger'
import type { Request } from 'express'
import { Problem } from 'service-kit/problem'
import type { KeptLedgers } from './kept-ledgers.ts'
import type { LedgerOf } from './session/edges.ts'
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

/** The ledgers of traces, for whoever made a request: each is asked for once. */
export function ledgersFor(req: Request, ledgers: KeptLedgers, isShownAll: (req: Request) => boolean): LedgerOf {
  const told = new Map<string, Promise<LedgerAnswer | undefined>>()
  const tell = async (traceId: string, endMs: number | null) => {
    const ledger = await ledgers.recall(traceId, endMs).catch(() => undefined)
    return ledger?.runs.some(({ sealed }) => sealed) && !isShownAll(req) ? undefined : ledger
  }
  return ({ id, endMs }) => {
    const known = told.get(id) ?? tell(id, endMs)
    told.set(id, known)
    return known
  }
}
