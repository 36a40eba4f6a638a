import type { Impact, Standing } from 'contract/key'
import { round } from 'findings/step'
import type { RunRequest } from '../run.ts'
import type { Replay, ReplayedFault } from './replay.ts'
import { Replays } from './replays.ts'
import type { InForce } from './register.ts'
import { isSlowdown, standingOf } from './standing.ts'

/** So many faults of a run get replays of their own, two each, and fewer where that would be more to play than this. */
const most = { faults: 32, pieces: 200_000 }

/** What a fault costs, and what that makes of it. */
export interface Judgement {
  /** null: it was not replayed. */
  impact: Impact | null
  standing: Standing
}

/** The judgement of every fault that a run draws, by its id. */
export type Judgements = Readonly<Record<string, Judgement>>

/** How much has to be played to judge a run of so many pieces, with so many faults. */
export function workOf(pieces: number, faults: number): number {
  return faults === 0 ? 0 : pieces * (2 + 2 * replayed(pieces, faults))
}

function replayed(pieces: number, faults: number): number {
  const fitting = Math.floor((most.pieces / Math.max(1, pieces) - 2) / 2)
  return Math.min(faults, most.faults, Math.max(1, fitting))
}

/**
 * Judges the faults of a run by playing it again in virtual time: with all of them, with none, and each of those that are most
 * worth it left out and alone. Of what is slow, one alone may cost too little and all together not: such faults are masked.
 */
export async function judge(request: RunRequest): Promise<Judgements> {
  const replays = await Replays.of(request)
  const { all } = replays
  const ids = idsByWorth(all).slice(0, replayed(all.pieces, all.faults.length))
  const impacts = await impactsOf(ids, replays)
  const judgements = all.faults.map(({ id, losesCall, breaksTrace, isHarmless }) => {
    const impact = impacts.get(id) ?? null
    const standing = isHarmless ? 'neutral' : standingOf(impact, losesCall || breaksTrace, all)
    return { id, impact, standing, isHarmless }
  })
  const small = judgements.filter(({ standing, isHarmless }) => standing === 'neutral' && !isHarmless)
  if (small.length > 1) {
    const [without] = (await replays.of([{ without: small.map(({ id }) => id) }])) as [Replay]
    if (isSlowdown(all.ms - without.ms, all)) for (const one of small) one.standing = 'masked'
  }
  return Object.fromEntries(judgements.map(({ id, impact, standing }) => [id, { impact, standing }]))
}

async function impactsOf(ids: readonly string[], replays: Replays): Promise<Map<string, Impact>> {
  const { all, none } = replays
  const played = await replays.of(ids.flatMap((id): InForce[] => [{ without: [id] }, { only: [id] }]))
  return new Map(
    ids.map((id, index) => {
      const [without, alone] = played.slice(2 * index) as [Replay, Replay]
      return [id, impactBetween({ all, none, without, alone })]
    }),
  )
}

function impactBetween(runs: { all: Replay; none: Replay; without: Replay; alone: Replay }): Impact {
  const { all, none, without, alone } = runs
  const ms = all.ms - without.ms
  const outcome_changed = all.ok !== without.ok || alone.ok !== none.ok
  return {
    ms: round(ms),
    alone_ms: round(alone.ms - none.ms),
    share: all.busyMs > 0 ? round(ms / all.busyMs) : 0,
    tokens: all.tokens - without.tokens,
    outcome_changed,
    user_visible: outcome_changed || isSlowdown(ms, all),
  }
}

/**
 * The faults in the order in which they are worth a replay: the last to end, for the run may have waited for it; then by the time
 * that the steps took which they struck; then those that lost a call, which count without a replay.
 */
function idsByWorth({ faults }: Replay): string[] {
  const last = faults.reduce<ReplayedFault | undefined>((a, b) => (a && a.endMs >= b.endMs ? a : b), undefined)
  return faults
    .toSorted(
      (a, b) =>
        Number(b === last) - Number(a === last) ||
        Number(a.losesCall) - Number(b.losesCall) ||
        b.tookMs - a.tookMs ||
        (a.id < b.id ? -1 : 1),
    )
    .map(({ id }) => id)
}
