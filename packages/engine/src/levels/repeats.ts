import type { Random } from 'contract/random'
import { argumentsOf, call, type CallOptions, otherTool, rescued, resultOf, someTool } from './calls.ts'
import { type Context, think } from './thoughts.ts'
import type { Draft, DraftFault, DraftJob, Timed } from './draft.ts'
import { between, type ToolBaseline } from './world.ts'

/** An agent that thinks before each of its calls, in a conversation that grows. */
export interface Thinker {
  draft: Draft
  job: DraftJob
  context: Context
}

/** A repeat: `name` tells its draws from those of others. */
export type Repeat = (agent: Thinker, name: string) => void

/** The agent thinks a little, and makes the call. */
function act({ draft, job, context }: Thinker, random: Random, options: CallOptions, mostTokens = 40): [Timed, Timed] {
  const thought = think(draft, job.steps, context, { outputTokens: random.integer(20, mostTokens) }, job)
  return [thought, call(draft, job, options)]
}

const keysOf = (steps: readonly Timed[]) => steps.map(({ step }) => step.key)

/** A decoy: the same question until what was asked for is there, as long apart as the tool says. */
export const poll: Repeat = (agent, name) => {
  const { draft } = agent
  const random = draft.random.fork(name)
  const tool = someTool(draft, random)
  const asked = { tool, arguments: argumentsOf(draft, name) }
  const pending = random.integer(3, 6)
  const steps: Timed[] = []
  for (let index = 0, version = 0; index < pending; index++) {
    if (index > 0 && !random.chance(0.4)) version++
    const result = resultOf(draft, `${name}/${version}`, { status: 'pending', retry_after_ms: pollMs })
    steps.push(...act(agent, random, { ...asked, result, size: 0.2, gapMs: between(random, pollMs, 2 * pollMs) }))
  }
  steps.push(
    ...act(agent, random, { ...asked, gapMs: 1.5 * pollMs, result: resultOf(draft, name, { status: 'done' }) }),
  )
  draft.decoy('poll').steps.push(...keysOf(steps))
}
const pollMs = 100

/** A decoy: one page after the other. */
export const pages: Repeat = (agent, name) => {
  const { draft } = agent
  const random = draft.random.fork(name)
  const tool = someTool(draft, random)
  const id = draft.random.identifier(`arguments ${name}`, 12)
  const count = random.integer(2, 5)
  const total = pageItems * (count - 1) + random.integer(1, pageItems)
  const steps = Array.from({ length: count }, (_, index) => {
    const isLast = index === count - 1
    const said = {
      count: isLast ? total - pageItems * index : pageItems,
      total,
      ...(!isLast && { cursor: `${index + 1}` }),
    }
    const given = { id, action: 'read', ...(index > 0 && { cursor: `${index}` }) }
    const result = resultOf(draft, `${name}/${index}`, said)
    return act(agent, random, { tool, arguments: JSON.stringify(given), result })
  }).flat()
  draft.decoy('pages').steps.push(...keysOf(steps))
}
const pageItems = 20

/** A decoy: it fails, and a retry or another tool answers. */
export const retried: Repeat = ({ draft, job, context }) => {
  think(draft, job.steps, context, {}, job)
  rescued(draft, job)
}

/** A decoy: what was written is read again. */
export const reread: Repeat = (agent, name) => {
  const { draft } = agent
  const random = draft.random.fork(name)
  const tool = someTool(draft, random)
  const read = { tool, arguments: argumentsOf(draft, name), result: resultOf(draft, name), size: 0.3 }
  const write = { tool: otherTool(draft, tool), action: 'write', size: 0.3 } as const
  const steps = Array.from({ length: random.integer(2, 4) }, () => [
    ...act(agent, random, read),
    ...act(agent, random, write),
  ]).flat()
  draft.decoy('read after write').steps.push(...keysOf(steps))
}

/** The twin of a loop: the same call as often, but its answer moves on, in the end at the latest. */
export const progress: Repeat = (agent, name) => {
  const { draft } = agent
  const random = draft.random.fork(name)
  const { times, tool, argumentsAt } = again(agent, name, random)
  let version = 0
  const steps = Array.from({ length: times }, (_, index) => {
    if (index === times - 1 || random.chance(0.3)) version++
    const result = resultOf(draft, `${name}/${version}`)
    return act(agent, random, { tool, arguments: argumentsAt(index), result, size: repeatSize }, repeatTokens)
  }).flat()
  draft.decoy('progress').steps.push(...keysOf(steps))
}

/** A fault: the same call with the same answer, and nothing written between. The first time points at it as well. */
export function loop(agent: Thinker, name: string): DraftFault {
  const { draft } = agent
  const random = draft.random.fork(name)
  const { times, tool, argumentsAt } = again(agent, name, random)
  const result = resultOf(draft, name)
  const magnitude = { unit: 'times', value: times - 1 } as const
  const fault = draft.fault({ kind: 'loop', entity: { tool: tool.name, agent: draft.lead.name }, magnitude })
  for (let index = 0; index < times; index++) {
    const steps = act(agent, random, { tool, arguments: argumentsAt(index), result, size: repeatSize }, repeatTokens)
    fault.steps.push(...keysOf(steps))
    if (index > 0) for (const { step } of steps) step.onlyWith = fault.id
  }
  return fault
}
const repeatSize = 0.4
const repeatTokens = 60

/** How often which call is made; at level 4 with a number that no call has twice. */
function again({ draft }: Thinker, name: string, random: Random) {
  const tool: ToolBaseline = someTool(draft, random)
  const times = random.integer(4, 8)
  const given = argumentsOf(draft, name)
  const isNumbered = draft.numbers.level === 4
  const argumentsAt = (index: number) =>
    isNumbered
      ? JSON.stringify({ ...(JSON.parse(given) as object), nonce: draft.random.identifier(`${name}/${index}`, 8) })
      : given
  return { times, tool, argumentsAt }
}
