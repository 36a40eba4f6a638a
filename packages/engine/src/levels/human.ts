import { big, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { demandOf } from './demand.ts'
import { Draft, type Drawn } from './draft.ts'
import { type Course, Errand, type Resumed } from './errand.ts'
import type { Levels } from './level.ts'
import { lateness, type PeopleTimes, realTimes, shortTimes } from './people.ts'
import type { Thinker } from './repeats.ts'
import { figure, type WaitStep } from './script.ts'
import { between, shuffled } from './world.ts'

/** Errands of a run at most, and the calls of one. */
const mostErrands = 16
const mostCallsOfErrand = 11

/** One agent prepares this and that; where a thing is worth more than its tool's limit, it asks a person before it does it. */
export const humanLevels: Levels<'profile'> = {
  takes: ['profile'],
  sessionsFrom: 4,
  leftFrom: 4,
  draft: (drawn, { profile }) => draft(drawn, profile === 'measured' ? realTimes : shortTimes),
  demand: () => {
    const calls = mostErrands * mostCallsOfErrand
    return demandOf({ jobs: 1, lanes: 1, callsOfJob: calls, others: calls + 2 * mostErrands + 8 })
  },
}

function draft(drawn: Drawn, times: PeopleTimes): Draft {
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner' } },
    weights: { resume_lag: 0.4, unneeded: 0.25, redo: 0.2, slow_tool: 0.15 },
  })
  const kinds = new Set(draft.kinds)
  const agent: Thinker = { draft, job: draft.job(), context: { tokens: 0 } }
  const resumed: Resumed[] = []
  const waits: WaitStep[] = []
  coursesOf(draft, kinds).forEach((course, index) =>
    new Errand({ agent, times, resumed, waits }, `errand/${index}`).take(course),
  )
  const outputTokens = draft.count('answer', 200, 600)
  think(draft, agent.job.steps, agent.context, { outputTokens, asksForTool: false }, agent.job)
  if (draft.has('long wait') && waits.length > 0) waitLong(draft, waits, times)
  if (draft.has('big payload')) big(draft)
  if (kinds.has('resume_lag')) resumeLate(draft, resumed, times)
  if (kinds.has('slow_tool')) slow(draft, draft.free('slow tool'), 'slow_tool')
  return draft
}

/** What the agent does, in a drawn order. */
function coursesOf(draft: Draft, kinds: ReadonlySet<string>): Course[] {
  const asked = Array.from({ length: draft.count('asked', 1, 3) }, (): Course => 'approved')
  const others = Array.from({ length: draft.count('unasked', 1, 3) }, (): Course => 'unasked')
  const decoys = (['rejected', 'expired', 'changed', 'told to wait', 'appointed'] as const).filter((decoy) =>
    draft.has(decoy),
  )
  // What is asked anyway comes to this; more is asked where there are more decoys.
  asked.splice(0, decoys.length, ...decoys)
  if (draft.has('retried')) others.push('retried')
  if (kinds.has('unneeded')) others.push('unneeded')
  if (kinds.has('redo')) others.push('redone')
  const twins = { unneeded: 'barely', redo: 'renewed', resume_lag: 'told to wait' } as const
  for (const [kind, twin] of Object.entries(twins)) if (draft.twins.some((drawn) => drawn === kind)) others.push(twin)
  return shuffled(draft.random.fork('courses'), [...asked, ...others])
}

/** A decoy: a person answers the next morning, which is no fault of an agent's. At level 4 nobody keeps a trace open for that. */
function waitLong(draft: Draft, waits: readonly WaitStep[], times: PeopleTimes): void {
  const random = draft.random.fork('long wait')
  const wait = random.pick(waits)
  wait.ms = figure(Math.round(times.longMs * between(random, 0.7, 1.3)))
  wait.isLeft = draft.numbers.level === 4
  draft.decoy('long wait').steps.push(wait.key)
}

/** A fault: a person has approved, and the agent goes on much later. The wait points at it as well. */
function resumeLate(draft: Draft, resumed: readonly Resumed[], times: PeopleTimes): void {
  const random = draft.random.fork('resume late')
  if (resumed.length === 0) return void (draft.isHopeless = true)
  const { wait, next } = random.pick(resumed)
  const value = Math.round(between(random, ...lateness(draft, times)))
  const magnitude = { unit: 'ms', value } as const
  const fault = draft.fault({ kind: 'resume_lag', entity: { agent: draft.lead.name }, magnitude })
  next.step.gapMs = { value, base: next.step.gapMs.base, by: fault.id }
  fault.steps.push(next.step.key, wait.key)
}
