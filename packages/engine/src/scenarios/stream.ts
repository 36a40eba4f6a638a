import { integer, number } from 'contract/scalars'
import { toolOf } from '../tools.ts'
import { concurrency, defineScenario } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { contentionOf } from '../operations/stream.ts'
import { streamLevels } from '../levels/stream.ts'

export const stream = defineScenario({
  name: 'stream',
  path: '/stream',
  description: 'A model streams tokens while tools run in the background and slow it down',
  symptom: 'The first token comes quickly, the answer is late all the same, or background work fails unseen',
  missed: 'Request and response are all that is measured: nothing in between has a time',
  reveals: 'Tokens against background work on one timeline: first token, rates, stalls',
  finding: 'token_timeline',
  spans: { agent_app: '6 + 2 × background_fanout', tool_service: 'background_fanout' },
  params: {
    duration_s: number({ min: 0.1, max: 3600, default: 20, description: 'How long tokens come at least, s' }),
    tool_delay_ms: number({
      min: 0,
      max: 600_000,
      default: 400,
      description: "Median of a background tool's latency, ms",
    }),
    background_fanout: integer({ min: 0, max: 1000, default: 50, description: 'Tool calls in the background' }),
    concurrency: concurrency(10),
    ttft_ms: number({ min: 0, max: 600_000, default: 300, description: 'Median time to the first token, ms' }),
    token_interval_ms: number({ min: 1, max: 60_000, default: 50, description: 'Median time between two tokens, ms' }),
    contention: number({
      min: 0,
      max: 10,
      default: 0.5,
      description: 'While background calls are under way the interval is × (1 + contention)',
    }),
  },
  without: ['delay_ms'],
  levels: streamLevels,
  demand: ({ background_fanout, concurrency }) => ({
    callsAtOnce: Math.min(background_fanout, concurrency),
    calls: background_fanout,
    steps: 6 + 3 * background_fanout,
  }),
  run: async (workflow, params) => {
    const started = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const asked = { delayMs: params.tool_delay_ms, errorRate: params.error_rate }
    let isAnswered = false
    await workflow.together(
      async (lane) => {
        const work = lane.invokeAgent('streamer', {}, (streamer) =>
          streamer.streamChat({
            ttftMs: params.ttft_ms,
            intervalMs: params.token_interval_ms,
            contention: params.contention,
            durationMs: params.duration_s * 1000,
            background: { started: started.promise, ended: ended.promise },
          }),
        )
        isAnswered = await succeeded(work)
      },
      (lane) =>
        lane.invokeAgent(
          'background',
          { facts: { background_calls: params.background_fanout, concurrency: params.concurrency } },
          async (background) => {
            started.resolve()
            try {
              await background.concurrently(params.background_fanout, params.concurrency, async (call, index) => {
                if (params.contention > 0) call.run.faults.strikes(contentionOf(params), `${call.key}/call/${index}`)
                await succeeded(call.executeTool(toolOf(index), { index, ...asked }))
              })
            } finally {
              ended.resolve()
            }
          },
        ),
    )
    return isAnswered
  },
})
