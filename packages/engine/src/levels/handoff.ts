import { demandOf } from './demand.ts'
import { Draft, type Drawn } from './draft.ts'
import { beginLater, brief, checked, leftAlone, linked, plain, returned, together } from './handoff-decoys.ts'
import { acceptLag, bounce, dropped, severed } from './handoff-faults.ts'
import type { Levels } from './level.ts'
import { Relay } from './relay.ts'
import { big, isRequired } from './slow.ts'
import { shuffled } from './world.ts'

const hopsOf = { least: 2, most: 4 }
/** Of all that is no plain hand-over together, and what one of them takes. */
const mostOthers = 24
const callsOfHop = 8
/** Two agents at once, beside one that nobody waits for. */
const mostAtOnce = 3

/** What happens next: an agent is handed something, in one of many ways. */
type Stage = (relay: Relay, name: string) => void

const decoys: Readonly<Record<string, Stage>> = { linked, together, returned, brief, checked, beginLater }
const faults: Readonly<Record<string, Stage>> = { severed, dropped, bounce, accept_lag: acceptLag }
const twins: Readonly<Record<string, Stage>> = {
  severed: linked,
  dropped: brief,
  bounce: returned,
  accept_lag: beginLater,
}

/** One agent hands over to others in turn, and what is known goes with it. */
export const handoffLevels: Levels<'hops'> = {
  takes: ['hops'],
  sessionsFrom: 2,
  draft,
  demand: ({ hops }) => {
    const others = 3 * (Number(hops ?? hopsOf.most) + mostOthers)
    return demandOf({ jobs: 1, lanes: mostAtOnce, callsOfJob: callsOfHop, others })
  },
}

function draft(drawn: Drawn, { hops }: Readonly<Record<string, unknown>>): Draft {
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner' } },
    // Whoever sees one kind and no other is not right of three runs in five.
    weights: { severed: 0.22, dropped: 0.26, bounce: 0.26, accept_lag: 0.26 },
  })
  const relay = new Relay(draft)
  const lead = relay.stage()
  lead.think()
  lead.work(3, 4)
  planOf(draft, Number(hops ?? draft.count('hops', hopsOf.least, hopsOf.most))).forEach((stage, index) =>
    stage(relay, `stage/${index}`),
  )
  relay.stage().think({ outputTokens: draft.count('answer', 200, 600), asksForTool: false })
  if (draft.has('big payload')) big(draft)
  // What is sent otherwise takes less time, and what is asked again more: that has to be worth it in the end.
  if (draft.faults.some(({ id, breaksTrace }) => !breaksTrace && !isRequired(draft.savingOf(id))))
    draft.isHopeless = true
  return draft
}

/** What the lead does in turn. What nobody waits for comes first, so that it has ended by the end. */
function planOf(draft: Draft, hops: number): Stage[] {
  const rest = [
    ...Array.from({ length: hops }, () => plain),
    ...Object.entries(decoys).flatMap(([name, stage]) => (draft.has(name) ? stage : [])),
    ...draft.twins.flatMap((kind) => twins[kind] ?? []),
    ...draft.kinds.flatMap((kind) => faults[kind] ?? []),
  ]
  return [...(draft.has('left alone') ? [leftAlone] : []), ...shuffled(draft.random.fork('plan'), rest)]
}
