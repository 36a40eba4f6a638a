import { call } from './calls.ts'
import { demandOf } from './demand.ts'
import { Draft, type Drawn } from './draft.ts'
import type { Levels } from './level.ts'
import { early, exchange, ignoredError, loop, type Looper, persisted, pingpong, progress } from './loops.ts'
import {
  askedByUser,
  pages,
  pollFor,
  readAfterCompaction,
  type Repeat,
  rereadFor,
  retried,
  survey,
  waitedInVain,
} from './repeats.ts'
import { big, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { shuffled } from './world.ts'

const stepsOf = { least: 8, most: 20 }
/** Of all repeats together, with the work between them. */
const mostRepeatedCalls = 160

/** Repeats that make progress: as many, and as alike, as those that make none. */
const decoys: Readonly<Record<string, Repeat>> = {
  poll: pollFor(4, 9, 0.7),
  pages,
  retried,
  reread: rereadFor(2, 8),
  waitedInVain,
  readAfterCompaction,
  survey,
  askedByUser,
  early,
}

/** A repeat, or a fault of one; `name` tells its draws from those of others. */
type Act = (agent: Looper, name: string) => unknown

const faults: Readonly<Record<string, Act>> = { loop, pingpong, ignored_error: ignoredError }
const twins: Readonly<Record<string, Repeat>> = { loop: progress, pingpong: exchange, ignored_error: persisted }

/** One agent thinks and acts; it repeats some of what it did, and mostly with reason. */
export const loopLevels: Levels<'max_steps'> = {
  takes: ['max_steps'],
  draft,
  demand: ({ max_steps }) => {
    const calls = Number(max_steps ?? stepsOf.most) + mostRepeatedCalls
    return demandOf({ jobs: 1, lanes: 1, callsOfJob: calls, others: calls + 8 })
  },
}

function draft(drawn: Drawn, { max_steps }: Readonly<Record<string, unknown>>): Draft {
  const steps = Number(max_steps ?? drawn.random.fork('steps').integer(stepsOf.least, stepsOf.most))
  const draft = new Draft(drawn, {
    lead: { name: 'assistant', facts: { role: 'planner', max_steps: steps } },
    weights:
      drawn.numbers.level === 2
        ? { loop: 0.4, slow_tool: 0.15 }
        : { loop: 0.4, pingpong: 0.25, ignored_error: 0.2, slow_tool: 0.15 },
  })
  const agent: Looper = { draft, job: draft.job(), context: { tokens: 0 }, worksBetween: true }
  const { job, context } = agent
  planOf(draft, steps).forEach((repeat, index) => {
    if (repeat) return void repeat(agent, `repeat/${index}`)
    think(draft, job.steps, context, {}, job)
    call(draft, job)
  })
  const outputTokens = draft.count('answer', 200, 600)
  think(draft, job.steps, context, { outputTokens, asksForTool: false }, job)
  if (draft.has('big payload')) big(draft)
  if (draft.kinds.includes('slow_tool')) slow(draft, draft.free('slow tool'), 'slow_tool')
  return draft
}

/** What the agent does in turn: a repeat, or (undefined) a step as any other, which is the first. */
function planOf(draft: Draft, steps: number): (Act | undefined)[] {
  const kinds = new Set<string>(draft.kinds)
  const repeats: Act[] = [
    ...Object.entries(decoys).flatMap(([name, repeat]) => (draft.has(name) ? repeat : [])),
    ...draft.twins.flatMap((kind) => twins[kind] ?? []),
    ...Object.entries(faults).flatMap(([kind, plant]) => (kinds.has(kind) ? plant : [])),
  ]
  const rest = [...Array.from({ length: steps - 1 }, () => undefined), ...repeats]
  return [undefined, ...shuffled(draft.random.fork('plan'), rest)]
}
