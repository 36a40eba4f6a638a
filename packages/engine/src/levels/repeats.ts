import type { Random } from 'contract/random'
import { argumentsOf, call, type CallOptions, otherTool, rescued, resultOf, someTool, toolNamed } from './calls.ts'
import { type Context, think, type ThoughtOptions } from './thoughts.ts'
import type { Draft, DraftJob, Timed } from './draft.ts'
import { between } from './world.ts'

/** An agent that thinks before each of its calls, in a conversation that grows. */
export interface Thinker {
  draft: Draft
  job: DraftJob
  context: Context
}

/** A repeat: `name` tells its draws from those of others. */
export type Repeat = (agent: Thinker, name: string) => void

/** The agent thinks a little, and makes the call. */
export function act(
  { draft, job, context }: Thinker,
  random: Random,
  options: CallOptions,
  thinks: ThoughtOptions = {},
): [Timed, Timed] {
  const outputTokens = random.integer(20, mostTokensOf(random))
  const thought = think(draft, job.steps, context, { outputTokens, ...thinks }, job)
  const called = call(draft, job, options)
  hear({ draft, job, context })
  return [thought, called]
}

/** What an agent says before one of a row of calls, at most, and how large their answers are: of no row a sign what it is. */
export const mostTokensOf = (random: Random) => random.fork('most tokens').integer(40, 60)
export const sizeOf = (random: Random) => between(random.fork('size'), 0.2, 0.4)

/** What the last call answered is sent with the next thought, where that is what its context grows by. */
export function hear({ draft, job, context }: Thinker): void {
  const last = job.steps.at(-1)
  if (context.unread === undefined || last?.kind !== 'call') return
  const answer = last.attempts.find(({ status }) => status === 200)
  context.unread += fewestUnread + Math.round((answer?.bytes ?? 0) / toolNamed(draft, last.tool).bytesPerToken)
}
/** What is said around an answer, or of a call that had none, in tokens. */
const fewestUnread = 20

export const keysOf = (steps: readonly Timed[]) => steps.map(({ step }) => step.key)

/**
 * A decoy: the same question until what was asked for is there, as long apart as the tool says. So often it is not, and with
 * this probability nothing at all has changed since it was asked last.
 */
export const pollFor =
  (least: number, most: number, stays: number): Repeat =>
  (agent, name) => {
    const { draft } = agent
    const random = draft.random.fork(name)
    const tool = someTool(draft, random)
    const asked = { tool, arguments: argumentsOf(draft, name), size: sizeOf(random) }
    const pending = random.integer(least, most)
    const steps: Timed[] = []
    for (let index = 0, version = 0; index < pending; index++) {
      if (index > 0 && !random.chance(stays)) version++
      const result = resultOf(draft, `${name}/${version}`, { status: 'pending', retry_after_ms: pollMs })
      steps.push(...act(agent, random, { ...asked, result, gapMs: between(random, pollMs, 2 * pollMs) }))
    }
    steps.push(
      ...act(agent, random, { ...asked, gapMs: 1.5 * pollMs, result: resultOf(draft, name, { status: 'done' }) }),
    )
    draft.decoy('poll').steps.push(...keysOf(steps))
  }
export const poll = pollFor(3, 6, 0.4)
const pollMs = 100

/** A decoy: the same question as often, as long apart as the tool says, until the agent gives up: nothing has changed. */
export const waitedInVain: Repeat = (agent, name) => {
  const { draft } = agent
  const random = draft.random.fork(name)
  const result = resultOf(draft, name, { status: 'pending', retry_after_ms: pollMs })
  const asked = { tool: someTool(draft, random), arguments: argumentsOf(draft, name), size: sizeOf(random), result }
  const steps = Array.from({ length: random.integer(4, 8) }, () =>
    act(agent, random, { ...asked, gapMs: between(random, pollMs, 2 * pollMs) }),
  ).flat()
  draft.decoy('poll').steps.push(...keysOf(steps))
}

/** A decoy: what an agent has read is lost with the context that is compacted, and read again, unchanged: after some work, or at once. */
export const readAfterCompaction: Repeat = (agent, name) => {
  const { draft, job, context } = agent
  const random = draft.random.fork(name)
  const tool = someTool(draft, random)
  const read = { tool, arguments: argumentsOf(draft, name), result: resultOf(draft, name), size: sizeOf(random) }
  const isAtOnce = random.chance(0.5)
  const steps = Array.from({ length: random.integer(4, 8) }, (_, index) => {
    // What is to be compacted so often has to be much.
    if (index === 0) return act(agent, random, read, isAtOnce ? { added: random.integer(2500, 5000) } : {})
    if (isAtOnce) return act(agent, random, read, { keeps: between(random, 0.6, 0.75), added: random.integer(20, 60) })
    think(draft, job.steps, context, {}, job)
    call(draft, job)
    return act(agent, random, read, { keeps: 0.3, added: random.integer(20, 100) })
  }).flat()
  draft.decoy('read after compaction').steps.push(...keysOf(steps))
}

/** A decoy: the user wants to know whether it is so by now, again and again; it is not. */
export const askedByUser: Repeat = (agent, name) => {
  const { draft } = agent
  const random = draft.random.fork(name)
  const tool = someTool(draft, random)
  const read = { tool, arguments: argumentsOf(draft, name), result: resultOf(draft, name), size: sizeOf(random) }
  const steps = Array.from({ length: random.integer(4, 8) }, () => {
    const [thought, called] = act(agent, random, read)
    if (thought.step.kind === 'chat') thought.step.told = random.pick(insistence)
    return [thought, called]
  }).flat()
  draft.decoy('asked by the user').steps.push(...keysOf(steps))
}
const insistence = ['Please look again.', 'And now?', 'Is it there yet?', 'Can you check once more?']

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
  hear({ draft, job, context })
}

/** A decoy: what was written is read again, so often. */
export const rereadFor =
  (least: number, most: number): Repeat =>
  (agent, name) => {
    const { draft } = agent
    const random = draft.random.fork(name)
    const tool = someTool(draft, random)
    const read = { tool, arguments: argumentsOf(draft, name), result: resultOf(draft, name), size: sizeOf(random) }
    const write = { tool: otherTool(draft, tool), action: 'write', size: read.size } as const
    const steps = Array.from({ length: random.integer(least, most) }, () => [
      ...act(agent, random, read),
      ...act(agent, random, write),
    ]).flat()
    draft.decoy('read after write').steps.push(...keysOf(steps))
  }
export const reread = rereadFor(2, 4)

/** A decoy: one thing after the other is looked up with one tool, which knows of none. */
export const survey: Repeat = (agent, name) => {
  const { draft } = agent
  const random = draft.random.fork(name)
  const asked = { tool: someTool(draft, random), result: resultOf(draft, name, { count: 0 }), size: sizeOf(random) }
  const steps = Array.from({ length: random.integer(4, 8) }, (_, index) =>
    act(agent, random, { ...asked, arguments: argumentsOf(draft, `${name}/${index}`) }),
  ).flat()
  draft.decoy('other arguments').steps.push(...keysOf(steps))
}
