import { modelName } from '../model.ts'
import { call } from './calls.ts'
import { big, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { demandOf } from './demand.ts'
import { Draft, type Drawn } from './draft.ts'
import type { Levels } from './level.ts'
import { loop, progress } from './loops.ts'
import { pages, poll, reread, type Repeat, retried, type Thinker } from './repeats.ts'
import { shuffled } from './world.ts'

/** Over how many steps nothing is read from the cache, and how few of them are no fault. */
const missedSteps = 6
const fewestMisses = 3
/** What a compaction leaves of the context. */
const compacted = 0.3

const stepsOf = { least: 8, most: 20 }
/** Of all repeats together. */
const mostRepeatedCalls = 32

/** One agent thinks and acts, one step after another; its context grows, and is read from a cache. */
export const reactLevels: Levels<'max_steps'> = {
  takes: ['max_steps'],
  draft,
  demand: ({ max_steps }) => {
    const calls = Number(max_steps ?? stepsOf.most) + mostRepeatedCalls
    return demandOf({ jobs: 1, lanes: 1, callsOfJob: calls, others: calls + 8 })
  },
}

function draft(drawn: Drawn, { max_steps }: Readonly<Record<string, unknown>>): Draft {
  const steps = Number(max_steps ?? drawn.random.fork('steps').integer(stepsOf.least, stepsOf.most))
  const canMiss = drawn.numbers.level > 2 && steps >= missedSteps
  const draft = new Draft(drawn, {
    lead: { name: 'react', facts: { role: 'planner', max_steps: steps } },
    weights: { slow_tool: 0.3, slow_model: 0.25, ...(canMiss && { cache_miss: 0.25 }), loop: 0.2 },
  })
  const agent: Thinker = { draft, job: draft.job(), context: { tokens: 0 } }
  const kinds = new Set(draft.kinds)
  const plan = planOf(draft, steps, kinds)
  const step = stepOf(agent, plan.length, kinds.has('cache_miss'))
  plan.forEach((repeat, index) => (repeat ? repeat(agent, `repeat/${index}`) : step.take(index)))
  const outputTokens = draft.count('answer', 200, 600)
  think(draft, agent.job.steps, agent.context, { outputTokens, asksForTool: false }, agent.job)
  step.end()
  if (draft.has('big payload')) big(draft)
  if (kinds.has('slow_tool')) slow(draft, draft.free('slow tool'), 'slow_tool')
  if (kinds.has('slow_model')) slow(draft, draft.free('slow model', ['chat']), 'slow_model')
  return draft
}

/** What the agent does in turn: a repeat, or (undefined) a step as any other, which is the first. */
function planOf(draft: Draft, steps: number, kinds: ReadonlySet<string>): (Repeat | undefined)[] {
  const repeats: Repeat[] = Object.entries({ poll, pages, retried, reread }).flatMap(([name, repeat]) =>
    draft.has(name) ? repeat : [],
  )
  for (const twin of draft.twins) if (twin === 'loop') repeats.push(progress)
  if (kinds.has('loop')) repeats.push(loop)
  const rest = [...Array.from({ length: steps - 1 }, () => undefined), ...repeats]
  return [undefined, ...shuffled(draft.random.fork('plan'), rest)]
}

/** Steps that think and act, among them the decoys and the fault that are in what the model is sent and answers. */
function stepOf({ draft, job, context }: Thinker, planned: number, missesCache: boolean) {
  const { random, numbers } = draft
  const last = planned - 1
  const longAt = draft.has('long answer') ? random.fork('long answer at').integer(Math.min(2, last), last) : -1
  const canCompact = numbers.level > 2 && draft.has('compaction')
  const compactAt = canCompact ? random.fork('compaction at').integer(Math.min(3, last), last) : -1
  const missAt = random.fork('cache miss at').integer(2, Math.max(3, Math.floor(planned / 2)))
  const fault = missesCache
    ? draft.fault({ kind: 'cache_miss', entity: { model: modelName }, changesOutcome: true })
    : undefined
  let missedTokens = 0
  return {
    take(index: number): void {
      const isMissed = fault !== undefined && index >= missAt && index < missAt + missedSteps
      const { step } = think(
        draft,
        job.steps,
        context,
        {
          ...(index === longAt && { outputTokens: random.fork('long answer').integer(600, 1800) }),
          ...(index === compactAt && context.tokens > 0 && { keeps: compacted }),
          ...(isMissed && { missesCacheBy: fault.id }),
        },
        job,
      )
      if (step.kind === 'chat' && step.cachedTokens.by !== undefined && fault) {
        fault.steps.push(step.key)
        missedTokens += step.cachedTokens.base
      }
      if (index === longAt) draft.decoy('long answer').steps.push(step.key)
      if (index === compactAt) draft.decoy('compaction').steps.push(step.key)
      call(draft, job)
    },
    end(): void {
      if (!fault) return
      fault.magnitude = { unit: 'tokens', value: missedTokens }
      if (fault.steps.length < fewestMisses) draft.isHopeless = true
    },
  }
}
