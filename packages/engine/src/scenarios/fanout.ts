import { integer } from 'contract/scalars'
import { toolOf } from '../tools.ts'
import { concurrency, defineScenario, stragglerFactor, stragglers, stragglersFit, thoughts } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { fanoutLevels } from '../levels/fanout.ts'

export const fanout = defineScenario({
  name: 'fanout',
  description: 'A planner hands one tool call each to many workers; a few of them are slow',
  symptom: 'The batch takes far longer than its average call: p99 is high, mean and p95 are not',
  missed: 'Two slow calls among a hundred vanish in every average, and no aggregate says which batch waited for them',
  reveals: 'Which worker was slow, and how much earlier the batch would have ended without it',
  finding: 'straggler',
  spans: { agent_app: '5 + (3 + thoughts) × fanout', tool_service: 'fanout' },
  params: {
    fanout: integer({ min: 1, max: 10_000, default: 100, description: 'Workers' }),
    concurrency: concurrency(20),
    stragglers: stragglers('Workers that are slow; 2 % of fanout, rounded up, unless given', 10_000),
    straggler_factor: stragglerFactor(10),
    thoughts: thoughts('worker'),
  },
  derived: { stragglers: { from: ({ fanout }) => Math.ceil(fanout * 0.02), text: '2 % of fanout, rounded up' } },
  check: stragglersFit,
  levels: fanoutLevels,
  demand: ({ fanout, concurrency, thoughts }) => ({
    callsAtOnce: Math.min(fanout, concurrency),
    calls: fanout,
    steps: 5 + (4 + thoughts) * fanout,
  }),
  run: (workflow, params) =>
    workflow.invokeAgent(
      'planner',
      { facts: { role: 'planner', fanout: params.fanout, concurrency: params.concurrency } },
      async (planner) => {
        await planner.chat()
        const slow = new Set(planner.random.fork('stragglers').sample(params.fanout, params.stragglers))
        let failures = 0
        await planner.concurrently(params.fanout, params.concurrency, async (lane, index, queuedMs) => {
          const work = lane.invokeAgent(
            'worker',
            { index, facts: { worker_index: index, queued_ms: queuedMs } },
            (worker) =>
              worker.converse().act(toolOf(index), {
                thoughts: params.thoughts,
                delayMs: params.delay_ms,
                errorRate: params.error_rate,
                ...(slow.has(index) && { slowdown: { factor: params.straggler_factor, fault: 'straggler' } }),
              }),
          )
          if (!(await succeeded(work))) failures++
        })
        return failures === 0
      },
    ),
})
