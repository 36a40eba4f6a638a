import { choice, flag, integer } from 'contract/scalars'
import { argumentsFor } from 'contract/toolbox'
import type { FaultDeclaration } from '../key/register.ts'
import { loopLevels } from '../levels/loop.ts'
import { lookAlike, lookalikeNames } from '../lookalikes.ts'
import { Questions } from '../questions.ts'
import { defineScenario } from '../scenario.ts'
import type { Step } from '../step.ts'
import { toolNames } from '../tools.ts'
import { type Turn, Turns } from '../turns.ts'

/** The numbers of turns: the work's come first. */
const mostSteps = 40
const lookalikesFrom = 50
const repeatsFrom = 100

export const loop = defineScenario({
  name: 'loop',
  description: 'An agent makes the same call again and again, and learns nothing from its answer',
  symptom: 'The answer is late, and the bill a multiple of what it was',
  missed: 'Every call is quick and succeeds; that it had been made before stands in its arguments alone',
  reveals: 'Which call was repeated, how often, and what time and tokens went into that',
  finding: 'repetition',
  spans: { agent_app: '4 + chats + tool calls + attempts (chats = tool calls + 1)', tool_service: 'attempts' },
  params: {
    steps: integer({ min: 1, max: mostSteps, default: 5, description: 'Tool calls that the work takes' }),
    repeats: integer({
      min: 0,
      max: 1000,
      default: 6,
      description: 'How often the agent makes one of them again, though it was answered; 0 lets it not',
    }),
    max_steps: integer({ min: 1, max: 1000, default: 20, description: 'Tool calls at most' }),
    gives_up: flag({
      default: true,
      description: 'Whether it gives up then, and goes on; otherwise it repeats until no steps are left',
    }),
    lookalike: choice(['none', ...lookalikeNames], {
      default: 'none',
      description: 'What it does beside that looks like a loop and is none',
    }),
    capture_content: flag({
      default: true,
      description: 'Whether calls carry what was asked and answered: without that nobody can see a loop',
    }),
  },
  levels: loopLevels,
  demand: ({ max_steps, lookalike }) => {
    const resent = lookalike === 'retry' ? 1 : 0
    return { callsAtOnce: 1, calls: max_steps + resent, steps: 5 + 4 * max_steps + 2 * resent }
  },
  run: (workflow, params) =>
    workflow.invokeAgent('assistant', { facts: { role: 'planner', max_steps: params.max_steps } }, async (agent) => {
      const { steps, repeats, gives_up, lookalike, max_steps } = params
      const behavior = {
        delayMs: params.delay_ms,
        errorRate: params.error_rate,
        ...(params.capture_content && { capture: true }),
      }
      const turns = new Turns(agent, max_steps)
      const questions = new Questions()
      const tools = agent.random.fork('tools')
      const stuckAt = agent.random.fork('stuck').integer(0, steps - 1)
      const besideAt = agent.random.fork('beside').integer(0, steps - 1)
      let isStuck = false
      let done = 0
      while (done < steps && turns.areLeft && !isStuck) {
        if (done === besideAt && lookalike !== 'none')
          await lookAlike(agent, turns, { what: lookalike, from: lookalikesFrom, behavior, questions })
        if (!turns.areLeft) break
        const tool = tools.pick(toolNames)
        const own = agent.random.fork(`arguments/${done}`)
        const turn = { ...behavior, tool, arguments: questions.ask(tool, done, () => argumentsFor(own, tool)) }
        const isAnswered = (await turns.take(done, turn)) !== undefined
        const of = { index: done, isAnswered }
        if (done === stuckAt) isStuck = await repeat({ agent, turns, turn, of, repeats, givesUp: gives_up })
        done++
      }
      const isDone = done === steps && !isStuck
      await turns.ask(steps, { finishReason: isDone ? 'stop' : 'length' })
      return isDone
    }),
})

/** A turn that was taken. */
interface Taken {
  index: number
  isAnswered: boolean
}

interface Repeated {
  agent: Step
  turns: Turns
  turn: Turn
  /** The turn that is repeated. */
  of: Taken
  repeats: number
  givesUp: boolean
}

const wasAnswered = ({ isAnswered }: Taken) => isAnswered

/** Makes a call again, so often or for ever; resolves to whether the agent came no further. */
async function repeat({ agent, turns, turn, of, repeats, givesUp }: Repeated): Promise<boolean> {
  const id = `loop/${agent.key}/call/${of.index}`
  if (repeats === 0 || !agent.run.faults.isInForce(id)) return false
  const taken = [of]
  let made = 0
  try {
    while (turns.areLeft && (!givesUp || made < repeats)) {
      const index = repeatsFrom + made++
      const answer = await turns.take(index, turn)
      taken.push({ index, isAnswered: answer !== undefined })
    }
  } finally {
    // Also where the model fails on the way: what had been repeated until then was.
    declare(agent, turns, { id, tool: turn.tool, taken })
  }
  return !givesUp || made < repeats
}

/** Who asks again before there was an answer repeats nothing; from the first answer on all of it is the loop, and so is that. */
function declare(
  agent: Step,
  turns: Turns,
  { id, tool, taken }: { id: string; tool: string; taken: readonly Taken[] },
): void {
  if (taken.filter(wasAnswered).length < 2) return
  const loop = taken.slice(taken.findIndex(wasAnswered))
  const { agent_id } = agent.record
  const fault: FaultDeclaration = {
    id,
    kind: 'loop',
    entity: { tool, ...(agent_id !== null && { agent: agent_id }) },
    magnitude: { unit: 'times', value: loop.length - 1 },
  }
  for (const { index } of loop)
    for (const step of ['call', 'chat']) agent.run.faults.strikes(fault, `${agent.key}/${step}/${index}`)
  turns.plant(
    'repetition',
    loop.flatMap(({ index }) => (index < repeatsFrom ? [] : index)),
  )
}
