import { integer, number } from 'contract/scalars'
import type { LedgerStep } from 'contract/ledger'
import { toolOf } from '../tools.ts'
import { defineScenario, stragglerFactor, stragglersFit, thoughts } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { tokensPerObservation } from '../operations/conversation.ts'
import { dagLevels } from '../levels/dag.ts'

export const dag = defineScenario({
  name: 'dag',
  description: 'Branches fork all at once and an aggregator joins them',
  symptom: 'The request takes exactly as long as its slowest branch',
  missed: 'All branches run at the same time; a table cannot tell the one that was waited for from those that waited',
  reveals: 'The critical path through the join, the branch on it, and the slack of every other',
  finding: 'critical_path',
  spans: { agent_app: '9 + (3 + thoughts) × fanout', tool_service: 'fanout + 1' },
  params: {
    fanout: integer({ min: 1, max: 5000, default: 100, description: 'Branches' }),
    jitter: number({
      min: 0,
      max: 2,
      default: 0.3,
      description: 'Sigma of the lognormal around every drawn time, cut at two sigma; 0 is exactly the time',
    }),
    stragglers: integer({ min: 0, max: 5000, default: 1, description: 'Branches that are slow' }),
    straggler_factor: stragglerFactor(5),
    thoughts: thoughts('branch'),
  },
  check: stragglersFit,
  levels: dagLevels,
  demand: ({ fanout, thoughts }) => ({ callsAtOnce: fanout, calls: fanout + 1, steps: 10 + (4 + thoughts) * fanout }),
  run: (workflow, params) =>
    workflow.invokeAgent('planner', { facts: { role: 'planner', branches: params.fanout } }, async (planner) => {
      await planner.chat()
      const slow = new Set(planner.random.fork('stragglers').sample(params.fanout, params.stragglers))
      const branches: LedgerStep[] = []
      let failures = 0
      await planner.concurrently(params.fanout, params.fanout, async (lane, index) => {
        const work = lane.invokeAgent('branch', { index, facts: { worker_index: index } }, (branch) => {
          branches[index] = branch.record
          return branch.converse().act(toolOf(index), {
            thoughts: params.thoughts,
            delayMs: params.delay_ms,
            errorRate: params.error_rate,
            ...(slow.has(index) && { slowdown: { factor: params.straggler_factor, fault: 'straggler' } }),
          })
        })
        if (!(await succeeded(work))) failures++
      })
      const join = planner.invokeAgent('aggregator', { dependsOn: branches }, async (aggregator) => {
        await aggregator.executeTool('aggregate', { delayMs: params.delay_ms, errorRate: params.error_rate })
        await aggregator.chat({ context: { sentTokens: 0, newTokens: params.fanout * tokensPerObservation } })
      })
      return (await succeeded(join)) && failures === 0
    }),
})
