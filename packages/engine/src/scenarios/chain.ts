import { choice, integer } from 'contract/scalars'
import { toolOf } from '../tools.ts'
import { defineScenario, thoughts } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { chainLevels } from '../levels/chain.ts'
import type { Step } from '../step.ts'

export const chain = defineScenario({
  name: 'chain',
  description: 'Agent calls agent calls agent: a call stack as deep as the chain is long',
  symptom: 'The request is slow from end to end, and nothing in it is',
  missed: 'Every call has a normal latency; only their number, one below the other, makes the time',
  reveals: 'How deep the path is, and how its small shares add up',
  finding: 'cumulative_latency',
  spans: { agent_app: '5 + (3 + thoughts) × depth', tool_service: 'depth' },
  params: {
    depth: integer({ min: 1, max: 5000, default: 60, description: 'Links of the chain' }),
    mode: choice(['nested', 'flat'], {
      default: 'nested',
      description: 'Whether a link calls the next, or the planner calls one after the other',
    }),
    thoughts: thoughts('link'),
  },
  levels: chainLevels,
  demand: ({ depth, thoughts }) => ({ callsAtOnce: 1, calls: depth, steps: 5 + (4 + thoughts) * depth }),
  run: (workflow, params) =>
    workflow.invokeAgent('planner', { facts: { role: 'planner', chain_depth: params.depth } }, async (planner) => {
      await planner.chat()

      /** One link, and in a nested chain all that follow; whether they all succeeded. A link hears of failures below, and lives with them. */
      async function link(caller: Step, index: number): Promise<boolean> {
        let rest = true
        const own = caller.invokeAgent('link', { index, facts: { chain_index: index } }, async (agent) => {
          // Each knows what the one before has found.
          await agent.converse(index > 0 ? 1 : 0).act(toolOf(index), {
            thoughts: params.thoughts,
            delayMs: params.delay_ms,
            errorRate: params.error_rate,
          })
          if (params.mode === 'nested' && index + 1 < params.depth) rest = await link(agent, index + 1)
        })
        return (await succeeded(own)) && rest
      }

      if (params.mode === 'nested') return link(planner, 0)
      for (let index = 0; index < params.depth; index++) if (!(await link(planner, index))) return false
      return true
    }),
})
