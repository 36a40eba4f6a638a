import { choice, flag, integer } from 'contract/scalars'
import { argumentsFor } from 'contract/toolbox'
import type { Random } from 'contract/random'
import { noTools, wrongArguments } from '../hallucinated.ts'
import { hallucinationLevels } from '../levels/hallucination.ts'
import { modelName } from '../model.ts'
import { defineScenario } from '../scenario.ts'
import { toolNames } from '../tools.ts'
import type { Step } from '../step.ts'
import { type Turn, Turns } from '../turns.ts'

const ways = ['no_tool', 'bad_arguments'] as const
/** What looks as if the model had made something up, and is right to be asked: such turns have these numbers. */
const lookalikeNames = ['unavailable', 'forbidden', 'not_found', 'refused'] as const
const lookalikesFrom = 3000

export const hallucination = defineScenario({
  name: 'hallucination',
  description:
    'The model asks for a tool that does not exist, or with arguments that its schema does not take, and is refused',
  symptom: 'Some requests take longer or come to nothing, and the tools are well',
  missed: 'A 404 and a 422 look like a tool that fails; who asked for what is in no table',
  reveals: 'Which call of the model asked for what, and that no tool could have answered it',
  finding: 'hallucinated_call',
  spans: {
    agent_app: '5 + 3 × lookups, and where the agent recovers 3 × hallucinations',
    tool_service: 'lookups, and where the agent recovers hallucinations',
  },
  params: {
    lookups: integer({
      min: 1,
      max: 1000,
      default: 6,
      description: 'Things that the agent looks up, with a call each',
    }),
    hallucinations: integer({
      min: 0,
      max: 1000,
      default: 1,
      description: 'For how many of them the model asks wrongly',
    }),
    hallucination: choice([...ways, 'any'], {
      default: 'no_tool',
      description:
        'What is wrong with what it asks: there is no such tool, the tool does not take such arguments, or one of them',
    }),
    recovers: flag({ default: true, description: 'Whether it asks again, and right, once it was refused' }),
    lookalike: choice(['none', ...lookalikeNames], {
      default: 'none',
      description:
        'What it asks beside that is refused though it is right to be asked: of a tool that is out of order and answers a moment later (503; one that stays out of order is a fault of its own), what it may not know (403), what there is not (404), what is no question to such a thing (422)',
    }),
    capture_content: flag({
      default: true,
      description:
        'Whether calls carry what was asked and answered: without that nobody can tell bad_arguments from a no to a right question',
    }),
  },
  check: ({ lookups, hallucinations }) =>
    hallucinations <= lookups
      ? []
      : [
          {
            parameter: 'hallucinations',
            value: String(hallucinations),
            expected: `at most lookups, which is ${lookups}`,
          },
        ],
  levels: hallucinationLevels,
  demand: ({ lookups, hallucinations, recovers, lookalike }) => {
    const calls = lookups + (recovers ? hallucinations : 0) + besides(lookalike)
    return { callsAtOnce: 1, calls, steps: 5 + 4 * calls }
  },
  run: (workflow, params) =>
    workflow.invokeAgent('assistant', { facts: { role: 'planner' } }, async (agent) => {
      const { lookups, recovers } = params
      const { faults } = agent.run
      const behavior = {
        delayMs: params.delay_ms,
        errorRate: params.error_rate,
        ...(params.capture_content && { capture: true }),
      }
      const struck = new Set(agent.random.fork('hallucinations').sample(lookups, params.hallucinations))
      const turns = new Turns(agent, Infinity)
      let isWhole = true
      for (let index = 0; index < lookups; index++) {
        const own = agent.random.fork(`lookup/${index}`)
        const tool = own.pick(toolNames)
        const turn = { ...behavior, tool, arguments: argumentsFor(own.fork('arguments'), tool) }
        const drawn = own.fork('way').pick(ways)
        const kind = params.hallucination === 'any' ? drawn : params.hallucination
        const fault = { id: `hallucination/${index}`, kind, entity: { model: modelName }, losesCall: !recovers }
        const isMadeUp = struck.has(index) && faults.isInForce(fault.id)
        if (isMadeUp) {
          // What is made up has a number of its own: no draw of another turn moves.
          const at = lookups + 1 + index
          await turns.take(at, { ...madeUp[kind](own.fork('made up'), turn), plantedBy: 'hallucination' })
          for (const step of ['chat', 'call']) faults.strikes(fault, `${agent.key}/${step}/${at}`)
        }
        const isLost = isMadeUp && !recovers
        if (isLost || !(await turns.take(index, turn))) isWhole = false
        if (index === 0 && params.lookalike !== 'none') await lookAlike(agent, turns, params.lookalike, turn)
      }
      await turns.ask(lookups, {})
      return isWhole
    }),
})

const statusesOf: Readonly<Record<(typeof lookalikeNames)[number], readonly number[]>> = {
  unavailable: [503, 200],
  forbidden: [403],
  not_found: [404],
  refused: [422],
}

/** How many attempts that takes. */
const besides = (lookalike: 'none' | (typeof lookalikeNames)[number]) =>
  lookalike === 'none' ? 0 : 1 + statusesOf[lookalike].length

/** Asks the tool that it has asked about something else, and declares it: naming it is wrong. It takes a refusal for an answer. */
async function lookAlike(
  agent: Step,
  turns: Turns,
  what: (typeof lookalikeNames)[number],
  { tool, ...behavior }: Turn,
): Promise<void> {
  const random = agent.random.fork('lookalike')
  // The tool has answered questions of this shape.
  const asked = { ...behavior, tool, arguments: argumentsFor(random, tool) }
  const [answered, other] = [lookalikesFrom, lookalikesFrom + 1]
  await turns.script(answered, asked, { statuses: [200] })
  const others = { ...asked, arguments: argumentsFor(random.fork('other'), tool) }
  await turns.script(other, others, { statuses: statusesOf[what] })
  agent.run.faults.decoy(`${agent.key}/call/${other}`)
}

/** What the model asks for instead. */
const madeUp: Readonly<Record<(typeof ways)[number], (random: Random, right: Turn) => Turn>> = {
  no_tool: (random, right) => ({ ...right, tool: random.pick(noTools) }),
  bad_arguments: (random, right) => ({ ...right, arguments: wrongArguments(random, right.arguments) }),
}
