import { choice, number } from 'contract/scalars'
import { defineScenario } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { humanLevels } from '../levels/human.ts'

export const human = defineScenario({
  name: 'human',
  description: 'The agent prepares something, waits for a person, and goes on when they approve',
  symptom: 'Very long requests, often cut off by gateways and load balancers',
  missed: 'A pause is counted as latency: it looks like a hanging server, not like a valid state',
  reveals: 'How much of the time was work and how much was waiting for a person',
  finding: 'idle_wait',
  spans: { agent_app: '11, or 9 when not approved', tool_service: '2, or 1' },
  params: {
    human_delay_s: number({
      min: 0,
      max: 86_400,
      description: 'How long the person takes, s; 1 unless given, drawn if measured',
    }),
    outcome: choice(['approve', 'reject', 'expire'], { default: 'approve', description: 'What the person decides' }),
  },
  levels: humanLevels,
  demand: () => ({ callsAtOnce: 1, calls: 2, steps: 13 }),
  run: (workflow, params) =>
    workflow.invokeAgent('planner', { facts: { role: 'planner' } }, async (planner) => {
      const asked = { delayMs: params.delay_ms, errorRate: params.error_rate }
      const conversation = planner.converse()
      await conversation.decide('database', { index: 0 })
      if (!(await succeeded(conversation.execute('database', { index: 0, ...asked })))) return false
      // What a person is asked about is a call that the model asks for.
      await conversation.decide('mail', { index: 1 })
      const isApproved = await planner.awaitHuman({ delayS: params.human_delay_s, outcome: params.outcome })
      return !isApproved || succeeded(conversation.execute('mail', { index: 1, ...asked }))
    }),
})
