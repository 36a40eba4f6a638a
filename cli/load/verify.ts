import { Random } from 'contract/random'
import { getJson } from '../http.ts'
import type { Offered } from './offer.ts'

/** How many traces are looked at in trace-inspector at the same time, and how long it waits for the spans of each, s. */
const verifiersAtOnce = 8
const waitOfVerifyS = 30

/** Verifies some runs, by their seed always the same ones; not too many at once. */
export function verifier(inspector: string, seed: string, share: number): (offered: Offered) => Promise<void> {
  const lanes = Array.from({ length: verifiersAtOnce }, () => Promise.resolve())
  let next = 0
  return async (offered) => {
    const { run, traceId, outcome } = offered
    const isChosen = new Random(`${seed}/${run.unit}/${run.turn} verify`).chance(share)
    if (!isChosen || traceId === undefined || (outcome !== 'ok' && outcome !== 'not_ok')) return
    const lane = next++ % lanes.length
    lanes[lane] = (lanes[lane] as Promise<void>).then(async () => {
      offered.verdict = await verdictOf(inspector, traceId)
    })
    await lanes[lane]
  }
}

async function verdictOf(inspector: string, traceId: string): Promise<string> {
  const answer = await getJson(
    'trace-inspector',
    `${inspector}/traces/${traceId}/verify?wait_s=${waitOfVerifyS}`,
  ).catch(() => undefined)
  return (answer as { verdict?: string } | undefined)?.verdict ?? 'unknown'
}
