import { choice, integer, number } from 'contract/scalars'
import type { Random } from 'contract/random'
import { defaultRetryAfterMaxMs } from '../retry-policy.ts'
import { toolNames, toolOf } from '../tools.ts'
import { concurrency, defineScenario, thoughts } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { retryLevels } from '../levels/retry.ts'

/**
 * The failure rate of each tool such that the mean over all first attempts is `errorRate`: `faulty` tools, drawn, carry all
 * of it; what they cannot carry at a rate of 1 spreads evenly over the others.
 */
export function failureRates(random: Random, fanout: number, errorRate: number, faulty: number): Map<string, number> {
  const calls = new Map<string, number>()
  for (let index = 0; index < fanout; index++) calls.set(toolOf(index), (calls.get(toolOf(index)) ?? 0) + 1)
  const used = toolNames.filter((tool) => calls.has(tool))
  const faultyTools = new Set(
    random.sample(used.length, Math.min(faulty, used.length)).map((index) => used[index] as string),
  )
  const carried = [...faultyTools].reduce((sum, tool) => sum + (calls.get(tool) as number), 0)
  const rate = carried === 0 ? 0 : Math.min(1, (errorRate * fanout) / carried)
  const others = fanout - carried
  const rest = others === 0 ? 0 : (errorRate * fanout - rate * carried) / others
  return new Map(used.map((tool) => [tool, faultyTools.has(tool) ? rate : Math.max(0, rest)]))
}

export const retry = defineScenario({
  name: 'retry',
  description: 'Flaky tools are retried with exponential back-off until they answer or the budget is spent',
  symptom: 'Latency spikes and more load on the tools, with no more requests than before',
  missed: 'Retries are counted as fresh requests, and a call that was rescued leaves no error behind',
  reveals: 'Every sequence of attempts with its back-offs, and the tools that it came from',
  finding: 'retry_storm',
  spans: { agent_app: '5 + (2 + thoughts) × fanout + attempts', tool_service: 'attempts' },
  params: {
    fanout: integer({ min: 1, max: 10_000, default: 100, description: 'Workers' }),
    error_rate: number({ min: 0, max: 1, default: 0.1, description: 'Mean probability that an attempt fails' }),
    max_retries: integer({ min: 0, max: 20, default: 3, description: 'Attempts after the first' }),
    concurrency: concurrency(20),
    backoff_ms: number({
      min: 0,
      max: 600_000,
      default: 20,
      description: 'Bound of the first back-off, ms; it doubles each time',
    }),
    backoff_max_ms: number({ min: 0, max: 600_000, default: 500, description: 'Bound of every back-off, ms' }),
    backoff_jitter: choice(['none', 'full'], {
      default: 'full',
      description: 'Whether a back-off is its bound, or drawn between 0 and it',
    }),
    retry_after_max_ms: integer({
      min: 0,
      max: 86_400_000,
      default: defaultRetryAfterMaxMs,
      description: "How long a tool's `Retry-After` may make a call wait, ms",
    }),
    faulty_tools: integer({
      min: 0,
      max: 5,
      default: 2,
      description: 'How many of the five tools carry the failures; 0 spreads them evenly',
    }),
    thoughts: thoughts('worker'),
  },
  levels: retryLevels,
  demand: ({ fanout, concurrency, max_retries, thoughts }) => {
    const calls = fanout * (1 + max_retries)
    return { callsAtOnce: Math.min(fanout, concurrency), calls, steps: 5 + (2 + thoughts) * fanout + 2 * calls }
  },
  run: (workflow, params) =>
    workflow.invokeAgent(
      'planner',
      { facts: { role: 'planner', fanout: params.fanout, concurrency: params.concurrency } },
      async (planner) => {
        await planner.chat()
        const rates = failureRates(
          planner.random.fork('faulty-tools'),
          params.fanout,
          params.error_rate,
          params.faulty_tools,
        )
        let gaveUp = 0
        await planner.concurrently(params.fanout, params.concurrency, async (lane, index, queuedMs) => {
          const tool = toolOf(index)
          const work = lane.invokeAgent(
            'worker',
            { index, facts: { worker_index: index, queued_ms: queuedMs } },
            (worker) =>
              worker.converse().act(tool, {
                thoughts: params.thoughts,
                delayMs: params.delay_ms,
                errorRate: params.error_rate,
                failureRate: rates.get(tool) as number,
                retry: {
                  maxRetries: params.max_retries,
                  backoffMs: params.backoff_ms,
                  backoffMaxMs: params.backoff_max_ms,
                  jitter: params.backoff_jitter,
                  retryAfterMaxMs: params.retry_after_max_ms,
                },
              }),
          )
          if (!(await succeeded(work))) gaveUp++
        })
        return gaveUp === 0
      },
    ),
})
