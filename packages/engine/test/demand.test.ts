import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it, test } from 'vitest'
import { demandOf, planOf, simulate } from '../../../test/support/simulated.ts'
import { integer } from 'contract/scalars'
import type { ScenarioName } from 'contract/scenarios'
import type { Demand } from '../src/demand.ts'
import { defineScenario } from '../src/scenario.ts'
import { scenarios } from '../src/scenarios/index.ts'

const small = fc.integer({ min: 1, max: 12 })
const rate = fc.constantFrom(0, 0.3, 1)

/** Whatever a run may be asked for that changes how much it does, in small. */
const queries: Record<ScenarioName, Record<string, fc.Arbitrary<string | number>>> = {
  fanout: { fanout: small, concurrency: small, error_rate: rate, stragglers: fc.constant(0) },
  chain: { depth: small, mode: fc.constantFrom('nested', 'flat'), error_rate: rate },
  retry: { fanout: small, concurrency: small, error_rate: rate, max_retries: fc.integer({ min: 0, max: 4 }) },
  dag: { fanout: small, error_rate: rate },
  react: { max_steps: small, finish_probability: rate, error_rate: rate },
  human: { outcome: fc.constantFrom('approve', 'reject', 'expire'), error_rate: rate, human_delay_s: fc.constant(0) },
  overflow: {
    steps: fc.integer({ min: 2, max: 12 }),
    fill: fc.constantFrom(0, 0.9, 3),
    at_limit: fc.constantFrom('cut', 'compact', 'refuse'),
    lookalike: fc.constantFrom('none', 'cached_prefix', 'short_answer'),
    context_window: fc.constant(8192),
    error_rate: rate,
  },
  loop: {
    steps: small,
    repeats: small,
    max_steps: small,
    gives_up: fc.constantFrom('true', 'false'),
    lookalike: fc.constantFrom('none', 'poll', 'pages', 'retry', 'other_arguments'),
    error_rate: rate,
  },
  rag: { rag_chunks: small, rag_chunk_size_kb: small, error_rate: rate },
  handoff: { hops: small, severed: fc.constantFrom(0, 1), error_rate: rate },
  stream: { background_fanout: small, concurrency: small, error_rate: rate, duration_s: fc.constant(0.2) },
  cascade: {
    calls: fc.integer({ min: 1, max: 40 }),
    agents: small,
    trigger: fc.constantFrom('capacity_loss', 'surge', 'slow_service', 'none'),
    load: fc.constantFrom(0.3, 1, 3),
    error_rate: rate,
    max_retries: fc.integer({ min: 0, max: 4 }),
  },
  silent: { lookups: small, flaws: fc.constantFrom(0, 1), flaw: fc.constantFrom('error', 'any'), error_rate: rate },
  hallucination: {
    lookups: small,
    hallucinations: fc.constantFrom(0, 1),
    hallucination: fc.constantFrom('no_tool', 'any'),
    recovers: fc.constantFrom('true', 'false'),
    error_rate: rate,
  },
}

test.each(scenarios)('a run of $name makes no more calls and steps than it declares', async ({ name }) => {
  const query = fc.record({ seed: fc.constantFrom('a', 'b', 'c', 'd'), ...queries[name as ScenarioName] })
  await fc.assert(
    fc.asyncProperty(query, async (asked: Record<string, string | number>) => {
      const declared = demandOf(name, asked)
      const { result, run } = await simulate(name, asked)
      const { tool_calls, retries, max_in_flight } = result.summary
      expect(tool_calls + retries).toBeLessThanOrEqual(declared.calls)
      expect(max_in_flight).toBeLessThanOrEqual(declared.callsAtOnce)
      expect(run.ledger.steps.length).toBeLessThanOrEqual(declared.steps)
      const payload = run.ledger.steps.reduce((sum, { tool }) => sum + (tool?.payload_bytes ?? 0), 0)
      expect(payload).toBeLessThanOrEqual(declared.payloadBytes ?? 0)
    }),
    { numRuns: 40 },
  )
})

test.each([
  ['fanout', { fanout: 7, concurrency: 3, error_rate: 0 }],
  ['chain', { depth: 6, error_rate: 0 }],
  ['retry', { fanout: 5, concurrency: 2, error_rate: 1, max_retries: 3, faulty_tools: 0 }],
  ['dag', { fanout: 6, error_rate: 0 }],
  ['react', { max_steps: 5, finish_probability: 0 }],
  ['human', { human_delay_s: 0 }],
  ['loop', { steps: 2, repeats: 3, max_steps: 5 }],
  ['loop', { lookalike: 'retry', max_steps: 12 }],
  ['rag', { rag_chunks: 4, rag_chunk_size_kb: 3 }],
  ['handoff', { hops: 4, severed: 2 }],
  ['stream', { background_fanout: 6, concurrency: 2, duration_s: 0.2 }],
  ['cascade', { calls: 5, capacity: 100, load: 2, trigger: 'none', error_rate: 1, backoff_ms: 0 }],
  ['silent', { lookups: 3 }],
  ['hallucination', { lookups: 4, hallucinations: 2 }],
] as [ScenarioName, Record<string, number | string>][])(
  'what %s declares is what its longest run needs',
  async (name, query) => {
    const { result, run } = await simulate(name, query)
    const { tool_calls, retries, max_in_flight } = result.summary
    const payload = run.ledger.steps.reduce((sum, { tool }) => sum + (tool?.payload_bytes ?? 0), 0)
    const needed: Demand = { callsAtOnce: max_in_flight, calls: tool_calls + retries, steps: run.ledger.steps.length }
    expect(demandOf(name, query)).toEqual({ ...needed, ...(payload > 0 && { payloadBytes: payload }) })
  },
)

test('a run ends for now only where its plan says so', async () => {
  const levels = scenarios.flatMap(({ name }) => [1, 2, 3, 4].map((level) => [name, { level }] as const))
  for (const [name, query] of [...levels, ['handoff', { human_delay_s: 0 }] as const]) {
    const { run } = await simulate(name, { ...query, seed: 'a' })
    const isLeft = run.suspended !== undefined
    expect({ name, query, isLeft }).toEqual({ name, query, isLeft: planOf(name, query).isLeft })
  }
})

describe('a run that needs more than its scenario declares', () => {
  const greedy = (demand: Demand) =>
    defineScenario({
      name: 'greedy',
      description: 'Three calls at once, by two agents',
      symptom: 'It takes what others were promised',
      missed: 'Nobody looks',
      reveals: 'It is ended',
      finding: 'cumulative_latency',
      spans: { agent_app: '…', tool_service: '…' },
      params: { calls: integer({ min: 1, max: 9, default: 3, description: 'Calls' }) },
      demand: () => demand,
      run: async (workflow, { calls, delay_ms, error_rate }) => {
        await workflow.concurrently(calls, calls, async (lane, index) => {
          await lane.executeTool('search', { index, delayMs: delay_ms, errorRate: error_rate })
        })
        return true
      },
    })

  // Request, workflow, checkpoint; for each call itself, its request and its answer.
  const honest: Demand = { callsAtOnce: 3, calls: 3, steps: 12 }

  it('is well when it does not', async () => {
    const { result } = await simulate(greedy(honest))
    expect(result.ok).toBe(true)
  })

  it.each([
    [{ callsAtOnce: 2 }, 'More tool calls at once than the 2 that'],
    [{ calls: 2 }, 'More tool calls than the 2 that'],
    [{ steps: 11 }, 'More steps than the 11 that'],
  ])('is ended: %j', async (less, message) => {
    await expect(simulate(greedy({ ...honest, ...less }))).rejects.toThrow(message)
  })
})
