import { choice, flag, integer } from 'contract/scalars'
import { argumentsFor } from 'contract/toolbox'
import type { Random } from 'contract/random'
import { noTools, wrongArguments } from '../hallucinated.ts'
import { hallucinationLevels } from '../levels/hallucination.ts'
import { modelName } from '../model.ts'
import { defineScenario } from '../scenario.ts'
import { toolNames } from '../tools.ts'
import { type Turn, Turns } from '../turns.ts'

const ways = ['no_tool', 'bad_arguments'] as const

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
    capture_content: flag({ default: true, description: 'Whether calls carry what was asked and answered' }),
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
  demand: ({ lookups, hallucinations, recovers }) => {
    const calls = lookups + (recovers ? hallucinations : 0)
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
          // What is made up has a number of its own, and the agent drops it: no other turn moves.
          const at = lookups + 1 + index
          await turns.forgetting(async () => {
            await turns.take(at, { ...madeUp[kind](own.fork('made up'), turn), plantedBy: 'hallucination' })
            return true
          })
          for (const step of ['chat', 'call']) faults.strikes(fault, `${agent.key}/${step}/${at}`)
        }
        const isLost = isMadeUp && !recovers
        if (isLost || !(await turns.take(index, turn))) isWhole = false
      }
      await turns.ask(lookups, {})
      return isWhole
    }),
})

/** What the model asks for instead. */
const madeUp: Readonly<Record<(typeof ways)[number], (random: Random, right: Turn) => Turn>> = {
  no_tool: (random, right) => ({ ...right, tool: random.pick(noTools) }),
  bad_arguments: (random, right) => ({ ...right, arguments: wrongArguments(random, right.arguments) }),
}
