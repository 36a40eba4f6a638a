import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from 'contract/random'
import type { Verification } from '../../trace-inspector/src/verify/verify.ts'
import { getJson } from '../http.ts'
import type { Offered } from './offer.ts'

/** How many traces are looked at in trace-inspector at the same time, and how long it waits for the spans of each, s. */
const verifiersAtOnce = 8
const waitOfVerifyS = 30
/** Between two looks at a trace that nobody has a ledger of, ms. */
const pauseMs = 500

/** Verifies some runs, by their seed always the same ones; not too many at once. */
export function verifier(inspector: string, seed: string, share: number): (offered: Offered) => Promise<void> {
  const lanes = Array.from({ length: verifiersAtOnce }, () => Promise.resolve())
  let next = 0
  return async (offered) => {
    const { run, traceId, outcome, spans } = offered
    const isChosen = new Random(`${seed}/${run.unit}/${run.turn} verify`).chance(share)
    if (!isChosen || traceId === undefined || (outcome !== 'ok' && outcome !== 'not_ok')) return
    const lane = next++ % lanes.length
    lanes[lane] = (lanes[lane] as Promise<void>).then(async () => {
      offered.verdict = await verdictOf(inspector, traceId, spans)
    })
    await lanes[lane]
  }
}

async function verdictOf(inspector: string, traceId: string, owed: number | undefined): Promise<string> {
  const deadline = performance.now() + waitOfVerifyS * 1000
  for (;;) {
    const answer = await getJson(
      'trace-inspector',
      `${inspector}/traces/${traceId}/verify?wait_s=${waitOfVerifyS}`,
    ).catch(() => undefined)
    const { verdict = 'unknown', counts } = (answer ?? {}) as Partial<Pick<Verification, 'verdict' | 'counts'>>
    // Without a ledger nobody waits for what is still to come, but the answer of the run said how much that is.
    const isShort = verdict === 'no_ledger' && owed !== undefined && (counts?.received ?? 0) < owed
    if (!isShort) return verdict
    if (performance.now() > deadline) return 'incomplete'
    await sleep(pauseMs)
  }
}
