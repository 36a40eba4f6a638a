import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from 'contract/random'
import type { Verification } from '../../trace-inspector/src/verify/verify.ts'
import { getJson, ServiceError } from '../http.ts'
import type { Offered } from './offer.ts'

/** How many traces are looked at in trace-inspector at the same time, and how long it waits for the spans of each, s. */
const verifiersAtOnce = 8
const waitOfVerifyS = 30
/** How long a trace is asked for again of which nothing can be said yet, and between two times, ms. */
const patienceMs = 60_000
const pauseMs = 500

/**
 * Verifies some runs, by their seed always the same ones; not too many at once. Of those that it has not come to when `abort`
 * is, nothing can be said.
 */
export function verifier(
  inspector: string,
  seed: string,
  share: number,
  abort: AbortSignal,
): (offered: Offered) => Promise<void> {
  const lanes = Array.from({ length: verifiersAtOnce }, () => Promise.resolve())
  let next = 0
  return async (offered) => {
    const { run, traceId, outcome, spans } = offered
    const isChosen = new Random(`${seed}/${run.unit}/${run.turn} verify`).chance(share)
    if (!isChosen || traceId === undefined || (outcome !== 'ok' && outcome !== 'not_ok')) return
    const lane = next++ % lanes.length
    lanes[lane] = (lanes[lane] as Promise<void>).then(async () => {
      offered.verdict = await verdictOf(inspector, traceId, spans, abort)
    })
    await lanes[lane]
  }
}

async function verdictOf(
  inspector: string,
  traceId: string,
  owed: number | undefined,
  abort: AbortSignal,
): Promise<string> {
  const deadline = performance.now() + patienceMs
  while (!abort.aborted) {
    const { verdict, counts } = await verification(
      `${inspector}/traces/${traceId}/verify?wait_s=${waitOfVerifyS}`,
      abort,
    )
    // Without a ledger nobody waits for what is still to come, but the answer of the run said how much that is.
    const isShort = verdict === 'no_ledger' && owed !== undefined && (counts?.received ?? 0) < owed
    if (verdict !== undefined && !isShort) return verdict
    if (performance.now() > deadline) return isShort ? 'incomplete' : 'unknown'
    await sleep(pauseMs, undefined, { signal: abort }).catch(() => {})
  }
  return 'unknown'
}

/** Nothing from one that cannot answer now, since it ends or begins; `unknown` where it never will. */
async function verification(
  url: string,
  abort: AbortSignal,
): Promise<{ verdict?: string; counts?: Verification['counts'] }> {
  try {
    return (await getJson('trace-inspector', url, abort)) as Verification
  } catch (error) {
    return error instanceof ServiceError && error.mayPass ? {} : { verdict: 'unknown' }
  }
}
