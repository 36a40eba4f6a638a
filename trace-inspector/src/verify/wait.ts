import { setTimeout as sleep } from 'node:timers/promises'
import type { Asked } from '../kept-ledgers.ts'
import { type AskedLedger, NoLedger } from '../ledgers.ts'
import type { Traces } from '../traces.ts'
import { excuseOf } from './excuse.ts'
import { expectationsOf, isRunning } from './expectation.ts'
import { unheardOf, withoutRuns } from './strangers.ts'
import { isSettled, type Verification, verify } from './verify.ts'

export interface Sources {
  traces: Traces
  fetchLedger: (traceId: string) => Promise<Asked>
}

/** Between two looks at the ledger of a run that is under way, ms; it doubles in between. */
const pauseMs = { first: 100, longest: 5000 }

/** How long spans of a run that no agent knows are waited for, ms: as long as one that has gone kept them at most. */
const strangersMs = 5000

/**
 * Verifies a trace as soon as everything is there, or when `signal` is aborted: what is missing then is missing.
 * It wakes when spans arrive, and asks the agents again only while the run is under way, or one may have a run and does not say. Throws NoLedger where nobody has a
 * ledger and nothing came.
 */
export async function verifyWhenThere(traceId: string, sources: Sources, signal: AbortSignal): Promise<Verification> {
  const letGo = sources.traces.await(traceId)
  try {
    return await waitAndVerify(traceId, sources, signal)
  } catch (error) {
    if (!(error instanceof NoLedger)) throw error
    const { traces } = sources
    const over = AbortSignal.any([signal, AbortSignal.timeout(strangersMs)])
    while (!traces.find(traceId) && !over.aborted) await traces.arrival(traceId, over)
    const trace = traces.find(traceId)
    if (!trace) throw error
    return verify(withoutRuns(traceId), trace)
  } finally {
    letGo()
  }
}

async function waitAndVerify(
  traceId: string,
  { traces, fetchLedger }: Sources,
  signal: AbortSignal,
): Promise<Verification> {
  let { ledger, begunAt } = await fetchLedger(traceId)
  for (let pause = pauseMs.first; mayGrow(ledger) && !signal.aborted; pause *= 2) {
    await ended(ledger, traces, Math.min(pause, pauseMs.longest), signal)
    ;({ ledger, begunAt } = await fetchLedger(traceId))
  }
  const owed = expectationsOf(ledger).length
  let hasWaited = false
  for (;;) {
    const isOver = signal.aborted || traces.hasEvicted(traceId)
    // Its senders may have sent meanwhile what they had.
    if (isOver && hasWaited) ledger = (await fetchLedger(traceId).catch(() => ({ ledger }))).ledger
    const trace = traces.find(traceId)
    if (isOver || (trace?.spans.size ?? 0) >= owed) {
      const verification = verify(ledger, trace, { excuse: excuseOf(ledger, begunAt, traces) })
      if (isOver || isSettled(verification)) return verification
    }
    hasWaited = true
    await traces.arrival(traceId, signal)
  }
}

/** Whether what is owed may be more by and by. */
const mayGrow = (ledger: AskedLedger) => ledger.runs.some(isRunning) || unheardOf(ledger).length > 0

/** Resolves when the spans of the requests have come, which end with their runs; or after a pause; or at the end of the wait. */
async function ended(ledger: AskedLedger, traces: Traces, pause: number, signal: AbortSignal): Promise<void> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(pause)])
  const requests = ledger.runs.flatMap(({ steps }) => steps[0]?.span_id ?? [])
  const hasCome = () => {
    const spans = traces.find(ledger.trace_id)?.spans
    return requests.every((spanId) => spans?.has(spanId))
  }
  // They may be here while a step that the request did not wait for still ends.
  if (hasCome()) await sleep(pause, undefined, { signal: over }).catch(() => {})
  while (!over.aborted && !hasCome()) await traces.arrival(ledger.trace_id, over)
}
