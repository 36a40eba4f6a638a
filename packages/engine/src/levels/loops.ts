import type { Random } from 'contract/random'
import { argumentsOf, call, otherTool, refused, resultOf, someTool, unanswered } from './calls.ts'
import type { DraftFault, Timed } from './draft.ts'
import { act, keysOf, mostTokensOf, type Repeat, sizeOf, type Thinker } from './repeats.ts'
import type { CallStep, ScriptStep } from './script.ts'
import { think } from './thoughts.ts'
import type { ToolBaseline } from './world.ts'

/** An agent that repeats itself; at level 4 it may do other work between two repeats. */
export interface Looper extends Thinker {
  worksBetween?: boolean
}

/** What is called again and again, and how often. */
interface Again {
  random: Random
  tool: ToolBaseline
  times: number
  size: number
  /** At level 4 with a number that no call has twice. */
  argumentsAt: (index: number) => string
}

function again({ draft }: Thinker, name: string): Again {
  const random = draft.random.fork(name)
  const tool = someTool(draft, random)
  const times = random.integer(4, 8)
  const given = argumentsOf(draft, name)
  const isNumbered = draft.numbers.level === 4
  const argumentsAt = (index: number) =>
    isNumbered
      ? JSON.stringify({ ...(JSON.parse(given) as object), nonce: draft.random.identifier(`${name}/${index}`, 8) })
      : given
  return { random, tool, times, size: sizeOf(random), argumentsAt }
}

/** Does it so often, with other work between where that is done. */
function repeatedly<T>(agent: Looper, times: number, take: (index: number) => T[]): T[][] {
  const { draft, job, context, worksBetween = false } = agent
  return Array.from({ length: times }, (_, index) => {
    if (index > 0 && worksBetween && draft.numbers.level === 4) {
      think(draft, job.steps, context, {}, job)
      call(draft, job)
    }
    return take(index)
  })
}

/** The steps are a fault's: those from the `first` repeat on are there by it alone, and the others point at it as well. */
function plant(fault: DraftFault, times: readonly (readonly ScriptStep[])[], first: number): DraftFault {
  fault.magnitude = { unit: 'times', value: times.length - first }
  for (const [index, steps] of times.entries()) {
    fault.steps.push(...steps.map(({ key }) => key))
    if (index >= first) for (const step of steps) step.onlyWith = fault.id
  }
  return fault
}

const stepsOf = (times: readonly (readonly Timed[])[]) => times.map((taken) => taken.map(({ step }) => step))

/** A fault: the same call with the same answer, and nothing written between. */
export function loop(agent: Looper, name: string): DraftFault {
  const { draft } = agent
  const { random, tool, times, size, argumentsAt } = again(agent, name)
  const result = resultOf(draft, name)
  const fault = draft.fault({ kind: 'loop', entity: { tool: tool.name, agent: draft.lead.name } })
  const taken = repeatedly(agent, times, (index) =>
    act(agent, random, { tool, arguments: argumentsAt(index), result, size }),
  )
  return plant(fault, stepsOf(taken), 1)
}

/** Its twin: the same call as often, but its answer moves on, in the end at the latest. */
export const progress: Repeat = (agent, name) => {
  const { draft } = agent
  const { random, tool, times, size, argumentsAt } = again(agent, name)
  let version = 0
  const taken = repeatedly(agent, times, (index) => {
    if (index === times - 1 || random.chance(0.3)) version++
    const result = resultOf(draft, `${name}/${version}`)
    return act(agent, random, { tool, arguments: argumentsAt(index), result, size })
  })
  draft.decoy('progress').steps.push(...keysOf(taken.flat()))
}

/** Two calls in turn. */
function inTurn(agent: Looper, name: string, resultAt: (index: number) => string) {
  const { draft } = agent
  const [one, other] = [again(agent, name), again(agent, `${name}/other`)]
  const tool = one.tool === other.tool ? otherTool(draft, one.tool) : other.tool
  const calls = [one, { ...other, tool }] as const
  const taken = repeatedly(agent, one.times, (index) => {
    const { tool, size, argumentsAt } = calls[index % 2] as Again
    return act(agent, one.random, { tool, arguments: argumentsAt(index), result: resultAt(index), size })
  })
  return { taken, times: one.times, tool: one.tool }
}

/** A fault: back and forth between two calls, each always with the same answer. */
export function pingpong(agent: Looper, name: string): DraftFault {
  const { draft } = agent
  const { taken, tool } = inTurn(agent, name, (index) => resultOf(draft, `${name}/${index % 2}`))
  const fault = draft.fault({ kind: 'pingpong', entity: { tool: tool.name, agent: draft.lead.name } })
  return plant(fault, stepsOf(taken), 2)
}

/** Its twin: back and forth as often, and each time something is new. */
export const exchange: Repeat = (agent, name) => {
  const { draft } = agent
  const { taken } = inTurn(agent, name, (index) => resultOf(draft, `${name}/${index}`))
  draft.decoy('exchange').steps.push(...keysOf(taken.flat()))
}

/** The agent thinks a little, and is refused. */
function beRefused(agent: Looper, { random, tool, argumentsAt }: Again, index: number, status: number): ScriptStep[] {
  const { draft, job, context } = agent
  const outputTokens = random.integer(20, mostTokensOf(random))
  const thought = think(draft, job.steps, context, { outputTokens }, job)
  const attempts = [refused(random, tool, { status })]
  return [thought.step, unanswered(draft, job, { tool, arguments: argumentsAt(index), attempts })]
}

/** A fault: refused as invalid, and asked again unchanged, until somebody reads why. */
export function ignoredError(agent: Looper, name: string): DraftFault {
  const { draft } = agent
  const asked = again(agent, name)
  const { random, tool, times, size } = asked
  const fault = draft.fault({ kind: 'ignored_error', entity: { tool: tool.name, agent: draft.lead.name } })
  const taken = repeatedly(agent, times, (index) => beRefused(agent, asked, index, 422))
  const [, first] = taken[0] as [ScriptStep, CallStep]
  const mended = JSON.stringify({ ...(JSON.parse(first.arguments) as object), limit: 20 })
  act(agent, random, { tool, arguments: mended, size })
  return plant(fault, taken, 1)
}

/** Its twin: out of order as often, and answered in the end. */
export const persisted: Repeat = (agent, name) => {
  const { draft } = agent
  const asked = again(agent, name)
  const { random, tool, times, size, argumentsAt } = asked
  const decoy = draft.decoy('persisted')
  const taken = repeatedly(agent, times - 1, (index) => beRefused(agent, asked, index, 503)).flat()
  for (const step of taken) step.onlyWith = decoy.id
  decoy.steps.push(...taken.map(({ key }) => key))
  act(agent, random, { tool, arguments: argumentsAt(times), size })
}

/** A decoy: refused as invalid, and asked again unchanged until it is answered: what it is about was not there yet. */
export const early: Repeat = (agent, name) => {
  const { draft } = agent
  const asked = again(agent, name)
  const { random, tool, times, size, argumentsAt } = asked
  const refusals = repeatedly(agent, times, (index) => beRefused(agent, asked, index, 422)).flat()
  const answered = act(agent, random, { tool, arguments: argumentsAt(times), size })
  draft.decoy('too early').steps.push(...refusals.map(({ key }) => key), ...keysOf(answered))
}
