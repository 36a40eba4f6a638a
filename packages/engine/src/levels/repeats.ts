import type { Random } from 'contract/random'
import { argumentsOf, call, type CallOptions, otherTool, rescued, resultOf, someTool } from './calls.ts'
import { type Context, think } from './thoughts.ts'
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
  mostTokens = 40,
): [Timed, Timed] {
  const thought = think(draft, job.steps, context, { outputTokens: random.integer(20, mostTokens) }, job)
  const called = call(draft, job, options)
  hear({ job, context })
  return [thought, called]
}

/** What the last call answered is sent with the next thought, where that is what its context grows by. */
export function hear({ job, context }: Pick<Thinker, 'job' | 'context'>): void {
  const last = job.steps.at(-1)
  if (context.unread === undefined || last?.kind !== 'call') return
  const answer = last.attempts.find(({ status }) => status === 200)
  context.unread += fewestUnread + Math.round((answer?.bytes ?? 0) / bytesPerToken)
}
/** What is said around an answer, or of a call that had none, in tokens. */
const fewestUnread = 20
/** Of an answer as it is on the wire, packed. */
export const bytesPerToken = 1.25

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
    const asked = { tool, arguments: argumentsOf(draft, name) }
    const pending = random.integer(least, most)
    const steps: Timed[] = []
    for (let index = 0, version = 0; index < pending; index++) {
      if (index > 0 && !random.chance(stays)) version++
      const result = resultOf(draft, `${name}/${version}`, { status: 'pending', retry_after_ms: pollMs })
      steps.push(...act(agent, random, { ...asked, result, size: 0.2, gapMs: between(random, pollMs, 2 * pollMs) }))
    }
    steps.push(
      ...act(agent, random, { ...asked, gapMs: 1.5 * pollMs, result: resultOf(draft, name, { status: 'done' }) }),
    )
    draft.decoy('poll').steps.push(...keysOf(steps))
  }
export const poll = pollFor(3, 6, 0.4)
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
  hear({ job, context })
}

/** A decoy: what was written is read again, so often. */
export const rereadFor =
  (least: number, most: number): Repeat =>
  (agent, name) => {
    const { draft } = agent
    const random = draft.random.fork(name)
    const tool = someTool(draft, random)
    const read = { tool, arguments: argumentsOf(draft, name), result: resultOf(draft, name), size: 0.3 }
    const write = { tool: otherTool(draft, tool), action: 'write', size: 0.3 } as const
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
  const asked = { tool: someTool(draft, random), result: resultOf(draft, name, { count: 0 }), size: 0.2 }
  const steps = Array.from({ length: random.integer(4, 8) }, (_, index) =>
    act(agent, random, { ...asked, arguments: argumentsOf(draft, `${name}/${index}`) }),
  ).flat()
  draft.decoy('other arguments').steps.push(...keysOf(steps))
}
