import { setTimeout as sleep } from 'node:timers/promises'
import { type AskedLedger, NoLedger, type Told } from '../ledgers.ts'
import type { Traces } from '../traces.ts'
import { excuseOf } from './excuse.ts'
import { expectationsOf, isRunning } from './expectation.ts'
import { unheardOf, withoutRuns } from './strangers.ts'
import { isSettled, type Verification, verify } from './verify.ts'

export interface Sources {
  traces: Traces
  /** `before` is what agents told of it before: it stands while one of them does not answer. */
  fetchLedger: (traceId: string, before?: Told) => Promise<Told>
}

/** Between two looks at the ledger of a run that is under way, ms; it doubles in between. */
const pauseMs = { first: 100, longest: 5000 }

/** How long spans of a run that no agent knows are waited for, ms: as long as one that has gone kept them at most. */
const strangersMs = 5000

/**
 * Verifies a trace as soon as everything is there, or when `signal` is aborted: what is missing then is missing.
 * It wakes when spans arrive, and asks the agents again only while the run is under way, or one may have a run and does not
 * say: of one that is not there any more nothing is awaited. Throws NoLedger where nobody has a ledger and nothing came.
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
    return verify(withoutRuns(traceId, error.silent), trace)
  } finally {
    letGo()
  }
}

async function waitAndVerify(
  traceId: string,
  { traces, fetchLedger }: Sources,
  signal: AbortSignal,
): Promise<Verification> {
  let told = await firstTold(() => fetchLedger(traceId), signal)
  for (let pause = pauseMs.first; mayGrow(told.ledger) && !signal.aborted; pause *= 2) {
    await ended(told.ledger, traces, Math.min(pause, pauseMs.longest), signal)
    told = await fetchLedger(traceId, told)
  }
  const owed = expectationsOf(told.ledger).length
  let hasWaited = false
  for (;;) {
    const isOver = signal.aborted || traces.hasEvicted(traceId)
    // Its senders may have sent meanwhile what they had.
    if (isOver && hasWaited) told = await fetchLedger(traceId, told).catch(() => told)
    const trace = traces.find(traceId)
    if (isOver || (trace?.spans.size ?? 0) >= owed) {
      const { ledger, begunAt } = told
      const verification = verify(ledger, trace, { excuse: excuseOf(ledger, begunAt, traces) })
      if (isOver || isSettled(verification)) return verification
    }
    hasWaited = true
    await traces.arrival(traceId, signal)
  }
}

/** Asks until it is told who has a ledger, or that nobody has one: an agent that is there may be too busy to say so. */
export async function firstTold(ask: () => Promise<Told>, signal: AbortSignal): Promise<Told> {
  for (let pause = pauseMs.first; ; pause *= 2) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof NoLedger && error.mayPass) || signal.aborted) throw error
      await sleep(Math.min(pause, pauseMs.longest), undefined, { signal }).catch(() => {})
    }
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
