import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from 'contract/random'
import type { Verification } from '../../trace-inspector/src/verify/verify.ts'
import { get } from '../http.ts'
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
    const { run, traceId, outcome, spans, latencyMs } = offered
    const startedAtMs = Date.now() - latencyMs
    const isChosen = new Random(`${seed}/${run.unit}/${run.turn} verify`).chance(share)
    if (!isChosen || traceId === undefined || (outcome !== 'ok' && outcome !== 'not_ok')) return
    const lane = next++ % lanes.length
    lanes[lane] = (lanes[lane] as Promise<void>).then(async () => {
      const url = `${inspector}/traces/${traceId}/verify?wait_s=${waitOfVerifyS}`
      offered.verdict = await verdictOf(url, { owed: spans, startedAtMs, abort })
    })
    await lanes[lane]
  }
}

interface Known {
  /** How many spans the run said that it owes. */
  owed: number | undefined
  startedAtMs: number
  abort: AbortSignal
}

/** What is to be said of a run. */
async function verdictOf(url: string, { owed, startedAtMs, abort }: Known): Promise<string> {
  const deadline = performance.now() + patienceMs
  while (!abort.aborted) {
    const { verdict, counts, knows_since: since } = await verification(url, abort)
    // Without a ledger nobody waits for what is still to come, but the answer of the run said how much that is.
    const isShort = verdict === 'no_ledger' && owed !== undefined && (counts?.received ?? 0) < owed
    const isLost = isShort || verdict === 'unknown'
    if (isLost && since !== undefined && startedAtMs < Date.parse(since)) return 'forgotten'
    if (verdict !== undefined && !isShort) return verdict
    if (performance.now() > deadline) return isShort ? 'incomplete' : 'unknown'
    await sleep(pauseMs, undefined, { signal: abort }).catch(() => {})
  }
  return 'unknown'
}

interface Said {
  verdict?: string
  counts?: Verification['counts']
  /** Of what came before it nothing is known any more. */
  knows_since?: string
}

/** No verdict from one that cannot answer now, since it ends or begins; `unknown` where it never will. */
async function verification(url: string, abort: AbortSignal): Promise<Said> {
  try {
    const { status, body } = await get('trace-inspector', url, abort)
    if (status >= 500) return {}
    return { verdict: 'unknown', ...(JSON.parse(body) as Said) }
  } catch {
    return {}
  }
}
