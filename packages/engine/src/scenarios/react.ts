import { integer, number } from 'contract/scalars'
import { toolNames } from '../tools.ts'
import { defineScenario } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { reactLevels } from '../levels/react.ts'

export const react = defineScenario({
  name: 'react',
  description: 'One agent thinks, acts and observes until it is done or out of steps',
  symptom: 'The same request takes one second now and ten the next time',
  missed: 'A slower tool and a longer train of thought look the same in the latency of the request',
  reveals: 'How many steps there were and how long each took: whether it was the tool or the thinking',
  finding: 'step_variance',
  spans: { agent_app: '4 + chats + 2 × tool calls (chats = tool calls + 1)', tool_service: 'tool calls' },
  params: {
    max_steps: integer({ min: 1, max: 1000, default: 10, description: 'Tool calls at most' }),
    finish_probability: number({
      min: 0,
      max: 1,
      default: 0.1,
      description: 'Probability that the agent is done after a tool call',
    }),
    slow_tool_probability: number({
      min: 0,
      max: 1,
      default: 0.1,
      description: 'Probability that a tool call is slow',
    }),
    slow_tool_factor: number({
      min: 1,
      max: 1000,
      default: 10,
      description: 'How many times slower a slow tool call is',
    }),
  },
  levels: reactLevels,
  demand: ({ max_steps }) => ({ callsAtOnce: 1, calls: max_steps, steps: 5 + 4 * max_steps }),
  run: (workflow, params) =>
    workflow.invokeAgent('react', { facts: { role: 'planner', max_steps: params.max_steps } }, async (agent) => {
      const toolChoice = agent.random.fork('tools')
      const slowness = agent.random.fork('slow-tools')
      const finishing = agent.random.fork('finish')
      const conversation = agent.converse()
      let isDone = false
      let steps = 0
      for (; steps < params.max_steps && !isDone; steps++) {
        const tool = toolChoice.pick(toolNames)
        const isSlow = slowness.chance(params.slow_tool_probability)
        const call = { index: steps, loopStep: steps }
        await conversation.decide(tool, call)
        await succeeded(
          conversation.execute(tool, {
            ...call,
            delayMs: params.delay_ms,
            errorRate: params.error_rate,
            ...(isSlow && { slowdown: { factor: params.slow_tool_factor, fault: 'slow_tool' } }),
          }),
        )
        isDone = finishing.chance(params.finish_probability)
      }
      await conversation.ask({ finishReason: isDone ? 'stop' : 'length', loopStep: steps })
      return isDone
    }),
})
