import type { Random } from 'contract/random'
import { argumentsFor } from 'contract/toolbox'
import type { Questions } from './questions.ts'
import type { Step } from './step.ts'
import type { Turn, Turns } from './turns.ts'

/** What an agent may do that looks like a loop and is none. */
export const lookalikeNames = ['poll', 'pages', 'retry', 'other_arguments'] as const
export type Lookalike = (typeof lookalikeNames)[number]

/** Tools that answer page by page, and another time something else. */
const listing = ['search', 'database', 'calendar', 'mail'] as const
/** So many calls in a row at most. */
export const mostLookalikes = 4

/** A run's tools, without what is asked of them. */
type Behavior = Omit<Turn, 'tool' | 'arguments'>

/** Does it, in turns from this number on, and declares it: naming it is wrong. */
export async function lookAlike(
  agent: Step,
  turns: Turns,
  { what, from, behavior, questions }: { what: Lookalike; from: number; behavior: Behavior; questions: Questions },
): Promise<void> {
  const random = agent.random.fork('lookalike')
  const tool = random.pick(listing)
  const own = random.fork('arguments')
  const asked = { tool, ...behavior, arguments: questions.ask(tool, from, () => argumentsFor(own, tool)) }
  const made = await lookalikes[what](turns, asked, from, { random, questions })
  for (let index = from; index < from + made; index++) agent.run.faults.decoy(`${agent.key}/call/${index}`)
}

/** Each resolves to how many turns it took. */
const lookalikes: Readonly<
  Record<
    Lookalike,
    (turns: Turns, asked: Turn, from: number, drawn: { random: Random; questions: Questions }) => Promise<number>
  >
> = {
  /** The same question until the answer is another: it moves on each time. */
  async poll(turns, asked, from) {
    for (let index = 0; index < mostLookalikes; index++)
      await turns.take(from + index, { ...asked, version: index + 1 })
    return mostLookalikes
  },

  /** One page after the other. */
  async pages(turns, asked, from) {
    let cursor: unknown
    for (let index = 0; index < mostLookalikes; index++) {
      const page = { ...asked.arguments, limit: 1, ...(cursor !== undefined && { cursor }) }
      const answer = await turns.take(from + index, { ...asked, arguments: page })
      cursor = answer?.result.cursor
      if (typeof cursor !== 'string') return index + 1
    }
    return mostLookalikes
  },

  /** Refused, and sent again. */
  async retry(turns, asked, from) {
    await turns.script(from, asked, { statuses: [503, 200] })
    return 1
  },

  /** The same tool about one thing after the other. */
  async other_arguments(turns, asked, from, { random, questions }) {
    for (let index = 0; index < mostLookalikes; index++) {
      const own = random.fork(`arguments/${index}`)
      const draw = () => ({ ...argumentsFor(own, asked.tool), limit: 1 + index })
      await turns.take(from + index, { ...asked, arguments: questions.ask(asked.tool, from + index, draw) })
    }
    return mostLookalikes
  },
}
