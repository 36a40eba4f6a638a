import { choice, flag, integer } from 'contract/scalars'
import { argumentsFor, type Flaw, flaws as flawNames, resultFor } from 'contract/toolbox'
import type { PlantedKind } from 'contract/taxonomy'
import { silentLevels } from '../levels/silent.ts'
import { Questions } from '../questions.ts'
import { defineScenario } from '../scenario.ts'
import type { Step } from '../step.ts'
import { type Turn, Turns } from '../turns.ts'

/** Tools that answer a list of entries, and say how many there are. */
const listing = ['search', 'database', 'calendar'] as const
/** What the agent may do beside that looks like a wrong answer and is none: its turns have these numbers. */
const lookalikeNames = ['null_error', 'empty', 'page', 'asked_again'] as const
const lookalikesFrom = 2000
/** How many entries the agent asks for, first to see how many there are, and then for all of them. */
const limits = { peek: 1, all: 50 }

const kindOf: Readonly<Record<Flaw, PlantedKind>> = {
  error: 'body_error',
  truncated: 'truncated',
  empty: 'wrong_empty',
}

export const silent = defineScenario({
  name: 'silent',
  description:
    'A tool answers 200 and is wrong, and the agent goes on: an error in the body, nothing, or less than there is',
  symptom: 'The answer is wrong, and every dashboard is green',
  missed: 'Each call has status 200 and takes as long as ever; what it was answered is in no table',
  reveals: 'Which answer was wrong and how, and that nobody asked again',
  finding: 'silent_failure',
  spans: { agent_app: '5 + 6 × lookups', tool_service: '2 × lookups' },
  params: {
    lookups: integer({
      min: 1,
      max: 500,
      default: 4,
      description: 'Things that the agent looks up, with two calls each: how much there is, and all of it',
    }),
    flaws: integer({
      min: 0,
      max: 500,
      default: 1,
      description:
        'How many of them are answered wrongly, with 200; fewer where a call fails that would have been, or would have shown it',
    }),
    flaw: choice([...flawNames, 'any'], {
      default: 'error',
      description:
        'What is wrong with such an answer: an error in its body, nothing in it, less than there is, or one of them',
    }),
    lookalike: choice(['none', ...lookalikeNames], {
      default: 'none',
      description:
        'What it asks beside whose answer looks wrong and is right: one that says `"error": null`, one that is empty because there is nothing, a page of which the next is known; or it asks again what was answered wrongly',
    }),
    capture_content: flag({
      default: true,
      description: 'Whether calls carry what was asked and answered: nothing else on a span shows the fault',
    }),
  },
  check: ({ lookups, flaws }) =>
    flaws <= lookups
      ? []
      : [{ parameter: 'flaws', value: String(flaws), expected: `at most lookups, which is ${lookups}` }],
  levels: silentLevels,
  demand: ({ lookups, lookalike }) => {
    const calls = 2 * lookups + (lookalike === 'none' ? 0 : 2)
    return { callsAtOnce: 1, calls, steps: 5 + 4 * calls }
  },
  run: (workflow, params) =>
    workflow.invokeAgent('analyst', { facts: { role: 'planner' } }, async (agent) => {
      const { lookups } = params
      const behavior = {
        delayMs: params.delay_ms,
        errorRate: params.error_rate,
        ...(params.capture_content && { capture: true }),
      }
      const struck = new Set(agent.random.fork('flaws').sample(lookups, params.flaws))
      const turns = new Turns(agent, Infinity)
      const questions = new Questions()
      let isRight = true
      if (params.lookalike !== 'none') await lookAlike(agent, turns, { what: params.lookalike, behavior, questions })
      for (let lookup = 0; lookup < lookups; lookup++) {
        const { tool, given } = questionOf(agent, lookup, questions)
        const ask = (index: number, limit: number, flaw?: Flaw) =>
          takeTurn(agent, turns, { index, flaw, turn: { ...behavior, tool, arguments: { ...given, limit } } })
        const isCounted = await ask(2 * lookup, limits.peek)
        const drawn = agent.random.fork(`flaw/${lookup}`).pick(flawNames)
        const flaw = params.flaw === 'any' ? drawn : params.flaw
        // That an answer should not be empty knows only who has counted.
        const isStruck = struck.has(lookup) && (isCounted || flaw !== 'empty')
        const isRead = await ask(2 * lookup + 1, limits.all, isStruck ? flaw : undefined)
        isRight &&= isCounted && isRead
      }
      await turns.ask(2 * lookups, {})
      return isRight
    }),
})

/** A run's tools, without what is asked of them. */
type Behavior = Omit<Turn, 'tool' | 'arguments'>

/** What is looked up: nothing twice, or the second answer would mend the first. */
function questionOf({ random }: Step, lookup: number, questions: Questions) {
  const tool = random.fork(`tool/${lookup}`).pick(listing)
  const own = random.fork(`question/${lookup}`)
  const given = questions.ask(tool, lookup, () => {
    const { limit: _, ...drawn } = argumentsFor(own, tool)
    return drawn
  })
  return { tool, given }
}

/** Does it, and declares it: naming it is wrong. What was answered wrongly and asked again is neither. */
async function lookAlike(
  agent: Step,
  turns: Turns,
  { what, behavior, questions }: { what: (typeof lookalikeNames)[number]; behavior: Behavior; questions: Questions },
): Promise<void> {
  const { tool, given } = questionOf(agent, lookalikesFrom, questions)
  const limit = what === 'page' ? limits.peek : limits.all
  const turn = { ...behavior, tool, arguments: { ...given, limit } }
  const right = resultFor(tool, turn.arguments, { seed: agent.random.fork('lookalike').identifier('answer', 16) })
  const wrong = resultFor(tool, turn.arguments, { flaw: 'error' })
  const nothing = resultFor(tool, turn.arguments, { flaw: 'empty' })
  const answers = {
    null_error: [{ ...right, error: null }],
    empty: [nothing],
    page: [{ ...right, total: Number(right.total) + 1, cursor: '1' }],
    asked_again: [wrong, right],
  }[what]
  for (const [index, answer] of answers.entries()) {
    const number = lookalikesFrom + index
    await turns.script(number, turn, { statuses: [200], answer })
    const key = `${agent.key}/call/${number}`
    if (answer === wrong) agent.run.faults.neutral(key)
    else agent.run.faults.decoy(key)
  }
}

/** The agent asks; resolves to whether it was answered, and right. Who builds on a wrong answer goes wrong by it, too. */
async function takeTurn(
  agent: Step,
  turns: Turns,
  { turn, index, flaw }: { turn: Turn; index: number; flaw: Flaw | undefined },
): Promise<boolean> {
  const { faults } = agent.run
  const key = `${agent.key}/call/${index}`
  const id = `flaw/${key}`
  if (flaw === undefined || !faults.isInForce(id)) return (await turns.take(index, turn)) !== undefined
  const answer = await turns.take(index, { ...turn, flaw })
  const fault = { id, kind: kindOf[flaw], entity: { tool: turn.tool } }
  if (answer) for (const step of [key, `${agent.key}/chat/${index + 1}`]) faults.strikes(fault, step)
  return false
}
