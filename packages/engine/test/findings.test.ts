import { describe, expect, it } from 'vitest'
import type { ObservedOf, FindingKind } from 'findings/kinds'
import type { Run } from '../src/run.ts'
import { scenarios } from '../src/scenarios/index.ts'
import type { LedgerStep } from 'contract/ledger'
import { simulate } from '../../../test/support/simulated.ts'

const seeds = Array.from({ length: 40 }, (_, index) => `seed-${index}`)

async function findingOf<Kind extends FindingKind>(
  _kind: Kind,
  scenario: string,
  query: Record<string, string | number>,
) {
  const { result, run } = await simulate(scenario, query)
  const finding = result.finding
  if (!finding) throw new Error(`${scenario} has no finding`)
  return { result, run, finding, observed: finding.observed as ObservedOf<Kind> }
}

const sorted = (ids: readonly string[]) => ids.toSorted()

describe('fanout', () => {
  it.each(seeds)('observes exactly the stragglers that were injected (%s)', async (seed) => {
    for (const query of [
      {},
      { fanout: 37, stragglers: 3, straggler_factor: 5, delay_ms: 50, jitter: 0.2 },
      { fanout: 200, concurrency: 100 },
    ]) {
      const { finding, observed } = await findingOf('straggler', 'fanout', { seed, ...query })
      expect(sorted(observed.span_ids)).toEqual(sorted(finding.injected?.map(({ span_id }) => span_id) ?? []))
      expect(observed.stragglers.length).toBeGreaterThan(0)
    }
  })

  it.each(seeds)('observes nothing when nothing was injected (%s)', async (seed) => {
    const { finding, observed } = await findingOf('straggler', 'fanout', { seed, stragglers: 0 })
    expect(finding.injected).toBeNull()
    expect(observed.span_ids).toEqual([])
    expect(observed.saving_ms).toBe(0)
  })

  it.each(seeds)('saves what a second run of the same seed without stragglers measures (%s)', async (seed) => {
    const slow = await findingOf('straggler', 'fanout', { seed })
    const control = await findingOf('straggler', 'fanout', { seed, stragglers: 0 })
    const measured = (slow.result.elapsed_s - control.result.elapsed_s) * 1000
    expect(Math.abs(slow.observed.saving_ms - measured)).toBeLessThanOrEqual(Math.max(0.1 * measured, 5))
  })

  it('hides in mean and p95, and shows in p99', async () => {
    const { observed } = await findingOf('straggler', 'fanout', { seed: 'seed-1' })
    expect(observed.calls.p99_ms).toBeGreaterThan(5 * observed.calls.p50_ms)
    expect(observed.calls.p95_ms).toBeLessThan(1.5 * observed.calls.p50_ms)
    expect(observed.calls.mean_ms).toBeLessThan(1.5 * observed.calls.p50_ms)
  })
})

describe('chain', () => {
  it.each(['nested', 'flat'])('adds up (%s)', async (mode) => {
    const { result, observed } = await findingOf('cumulative_latency', 'chain', { seed: 'a', depth: 60, mode })
    expect(observed.depth).toBe(60)
    expect(observed.span_ids).toEqual([])
    expect(observed.tools_ms + observed.model_ms + observed.between_ms).toBeCloseTo(observed.total_ms, 2)
    expect(observed.total_ms).toBeCloseTo(result.elapsed_s * 1000, -1)
    expect(observed.largest_share).toBeLessThan(0.05)
  })

  it.each(seeds)('points at one slow link among sixty, and at nothing else (%s)', async (seed) => {
    const { run, observed } = await findingOf('cumulative_latency', 'chain', { seed, faults: 'straggler:6' })
    const planted = run.ledger.steps.filter(({ injected }) => injected?.fault === 'straggler')
    expect(observed.span_ids).toEqual(planted.map(({ span_id }) => span_id))
    expect(observed.slow).toHaveLength(1)
  })

  it('says that a short one is short', async () => {
    const { finding } = await findingOf('cumulative_latency', 'chain', { seed: 'a', depth: 1, jitter: 0 })
    expect(finding.text).toMatch(/^One call took \d+ ms: 80 ms in tools, 60 ms in the model, \d+ ms beside them$/)
  })

  it('makes the same decisions nested and flat', async () => {
    const nested = await simulate('chain', { seed: 'a', depth: 20 })
    const flat = await simulate('chain', { seed: 'a', depth: 20, mode: 'flat' })
    expect(nested.result.summary).toEqual(flat.result.summary)
  })
})

describe('retry', () => {
  it.each(seeds)('observes exactly the failures that were injected (%s)', async (seed) => {
    for (const query of [
      {},
      { error_rate: 0.5, max_retries: 2, faulty_tools: 0 },
      { error_rate: 0.4, faulty_tools: 1, fanout: 7 },
    ]) {
      const { result, finding, observed } = await findingOf('retry_storm', 'retry', { seed, ...query })
      expect(sorted(observed.span_ids)).toEqual(sorted(finding.injected?.map(({ span_id }) => span_id) ?? []))
      expect(observed.sequences.reduce((sum, { attempts }) => sum + attempts.length, 0)).toBe(observed.attempts)
      expect(result.ok).toBe(observed.gave_up === 0)
      for (const { attempts, gave_up } of observed.sequences) {
        expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, index) => index))
        expect(attempts.slice(0, -1).every(({ failed }) => failed)).toBe(true)
        expect(attempts.at(-1)?.failed).toBe(gave_up)
        expect(attempts.slice(1).every(({ backoff_ms }) => backoff_ms !== null)).toBe(true)
      }
    }
  })

  it.each(seeds)('observes nothing when nothing fails (%s)', async (seed) => {
    const { finding, observed } = await findingOf('retry_storm', 'retry', { seed, error_rate: 0 })
    expect(finding.injected).toBeNull()
    expect(observed.span_ids).toEqual([])
    expect(observed.amplification).toBe(1)
    expect(observed.origin).toEqual({ tools: [], faulty: [], first_failure: null, began: null })
  })

  it('meets the closed form of its amplification over many seeds', async () => {
    const p = 0.3
    const retries = 2
    let attempts = 0
    let calls = 0
    for (const seed of seeds) {
      const { observed } = await findingOf('retry_storm', 'retry', {
        seed,
        fanout: 200,
        error_rate: p,
        max_retries: retries,
        faulty_tools: 0,
      })
      attempts += observed.attempts
      calls += observed.calls
    }
    const expected = (1 - p ** (retries + 1)) / (1 - p)
    // Variance of one call's attempts is below (R + 1)² / 4: five standard errors of 8,000 calls.
    expect(Math.abs(attempts / calls - expected)).toBeLessThan((5 * (retries + 1)) / 2 / Math.sqrt(calls))
  })

  it('points at the tools that carry the failures', async () => {
    const { observed } = await findingOf('retry_storm', 'retry', {
      seed: 'a',
      fanout: 500,
      error_rate: 0.2,
      faulty_tools: 2,
    })
    expect(observed.origin.tools).toHaveLength(2)
    for (const { failure_rate } of observed.origin.tools) expect(failure_rate).toBeGreaterThan(0.35)
    expect(observed.origin.faulty).toEqual(observed.origin.tools.map(({ tool }) => tool))
  })

  it.each(seeds)('blames no tool where all fail alike, and no begin where there was none (%s)', async (seed) => {
    const { finding, observed } = await findingOf('retry_storm', 'retry', { seed, error_rate: 0.3, faulty_tools: 0 })
    expect(observed.origin.faulty).toEqual([])
    expect(observed.origin.began).toBeNull()
    expect(finding.text).toContain('failures are spread over')
  })

  it.each(seeds)('blames the faulty one among tools that fail a little (%s)', async (seed) => {
    const { finding, observed } = await findingOf('retry_storm', 'retry', {
      seed,
      fanout: 200,
      error_rate: 0.04,
      faulty_tools: 0,
      faults: 'own,failing_tool:database:0.6',
    })
    expect(observed.origin.faulty).toEqual(['database'])
    expect(finding.text).toContain('what fails is database')
    expect(finding.text).not.toContain('it began')
  })
})

describe('dag', () => {
  it.each(seeds)('finds the straggler as the branch that was waited for (%s)', async (seed) => {
    const { finding, observed } = await findingOf('critical_path', 'dag', { seed, jitter: 0.2 })
    expect(observed.path.reduce((sum, { exclusive_ms }) => sum + exclusive_ms, 0)).toBeCloseTo(observed.total_ms, 0)
    expect(observed.branches.filter(({ slack_ms }) => slack_ms === 0).map(({ span_id }) => span_id)).toEqual([
      observed.bottleneck?.span_id,
    ])
    const culprit = finding.injected?.[0]?.key.replace('/call', '').replace('/', ':')
    expect(observed.bottleneck?.agent_id).toBe(culprit)
    expect(observed.span_ids).toEqual(finding.injected?.map(({ span_id }) => span_id))
  })

  it.each(seeds)('blames no branch of a join without a slow one, though one is the last (%s)', async (seed) => {
    const { finding, observed } = await findingOf('critical_path', 'dag', { seed, stragglers: 0 })
    expect(observed.bottleneck).not.toBeNull()
    expect(observed.span_ids).toEqual([])
    expect(observed.saving_ms).toBe(0)
    expect(finding.text).toContain('no call that was waited for was slow')
  })

  it.each(seeds)('of several slow branches points at the one that was waited for (%s)', async (seed) => {
    const { run, finding, observed } = await findingOf('critical_path', 'dag', { seed, stragglers: 5 })
    const bottleneck = run.ledger.steps.find(({ span_id }) => span_id === observed.bottleneck?.span_id)
    const call = run.ledger.steps.find(
      ({ parent_id, facts }) => parent_id === bottleneck?.id && facts.operation === 'execute_tool',
    )
    expect(observed.span_ids).toEqual([call?.span_id])
    expect(finding.injected?.map(({ span_id }) => span_id)).toContain(call?.span_id)
    const healthy = await findingOf('critical_path', 'dag', { seed, stragglers: 0 })
    const measured = observed.total_ms - healthy.observed.total_ms
    expect(Math.abs(observed.saving_ms - measured)).toBeLessThanOrEqual(Math.max(40, 0.1 * measured))
  })
})

describe('react', () => {
  it.each(seeds)('observes exactly the slow calls that were injected (%s)', async (seed) => {
    const { result, finding, observed } = await findingOf('step_variance', 'react', {
      seed,
      slow_tool_probability: 0.3,
      max_steps: 20,
    })
    expect(sorted(observed.span_ids)).toEqual(sorted(finding.injected?.map(({ span_id }) => span_id) ?? []))
    expect(observed.steps).toBe(result.summary.tool_calls)
    expect(observed.stopped_by).toBe(result.ok ? 'stop' : 'length')
    expect(observed.thinking_ms + observed.acting_ms).toBeLessThanOrEqual(result.elapsed_s * 1000 + 1)
  })

  it.each(seeds)('observes nothing when no tool is slow (%s)', async (seed) => {
    const { finding, observed } = await findingOf('step_variance', 'react', { seed, slow_tool_probability: 0 })
    expect(finding.injected).toBeNull()
    expect(observed.span_ids).toEqual([])
  })

  it('is explained by steps when there are many, and by the tool when it is slow', async () => {
    const long = await findingOf('step_variance', 'react', {
      seed: 'a',
      finish_probability: 0,
      slow_tool_probability: 0,
    })
    expect(long.observed.explained_by).toBe('steps')
    const slow = await findingOf('step_variance', 'react', {
      seed: 'a',
      max_steps: 2,
      finish_probability: 0,
      slow_tool_probability: 1,
    })
    expect(slow.observed.explained_by).toBe('tool')
  })

  it('is explained by the tool when every call is slow: no median hides it', async () => {
    const { result, observed } = await findingOf('step_variance', 'react', {
      seed: 'a',
      finish_probability: 0,
      slow_tool_probability: 1,
    })
    expect(result.summary.tool_calls).toBe(10)
    expect(observed.span_ids).toHaveLength(10)
    expect(observed.explained_by).toBe('tool')
  })

  it.each(seeds)('is explained by nothing in one step that is not slow (%s)', async (seed) => {
    const once = { seed, max_steps: 1, slow_tool_probability: 0 }
    const { finding, observed } = await findingOf('step_variance', 'react', once)
    expect(observed.explained_by).toBeNull()
    expect(finding.text).toMatch(/^1 step until .*; no call was slow; there is nothing to explain$/)
    const slow = await findingOf('step_variance', 'react', { ...once, slow_tool_probability: 1 })
    expect(slow.observed.explained_by).toBe('tool')
  })
})

describe('human', () => {
  it.each([
    ['approve', 2],
    ['reject', 1],
    ['expire', 1],
  ] as const)('tells idle from working (%s)', async (outcome, toolCalls) => {
    const { result, observed } = await findingOf('idle_wait', 'human', { seed: 'a', outcome, human_delay_s: 2.5 })
    expect(observed.idle_ms).toBe(2500)
    expect(observed.idle_ms + observed.processing_ms).toBeCloseTo(observed.total_ms, 2)
    expect(result.summary.tool_calls).toBe(toolCalls)
    expect(result.ok).toBe(true)
    expect(observed.unasked).toEqual([])
    expect(observed.span_ids).toEqual([])
  })

  it('works without a wait', async () => {
    const { finding } = await findingOf('idle_wait', 'human', { seed: 'a', human_delay_s: 0 })
    expect(finding.text).toMatch(/^Nobody was waited for: \d+ ms of work$/)
  })
})

describe('rag', () => {
  it.each(seeds)('ties time to size (%s)', async (seed) => {
    const { finding, observed } = await findingOf('size_latency', 'rag', { seed, rag_chunks: 20, jitter: 0 })
    expect(observed.total_bytes).toBe(20 * 2 * 1024)
    expect(observed.ms_per_kb).toBeCloseTo(20, 1)
    expect(observed.r).toBeCloseTo(1, 2)
    expect(observed.span_ids).toEqual([])
    expect(finding.text).toContain('as its size explains')
  })

  it('has no slope below eight sizes, and says so', async () => {
    const { finding, observed } = await findingOf('size_latency', 'rag', { seed: 'a', rag_chunks: 7 })
    expect(observed).toMatchObject({ sizes: 7, ms_per_kb: null, r: null, span_ids: [] })
    expect(finding.text).toContain('7 sizes of them, too few for a slope')
    expect((await findingOf('size_latency', 'rag', { seed: 'a', rag_chunks: 8 })).observed.ms_per_kb).not.toBeNull()
  })
})

/** The streaming call of a run. */
const chatOf = ({ ledger }: Run) => ledger.steps.find(({ facts }) => facts.operation === 'chat')?.span_id

describe('stream', () => {
  it('puts tokens and background work on one timeline', async () => {
    const { run, observed } = await findingOf('token_timeline', 'stream', { seed: 'a', jitter: 0, contention: 1 })
    expect(observed.ttft_ms).toBe(300)
    expect(observed.background).toMatchObject({ calls: 50, failures: 0, ended_ms: 2000 })
    // 100 ms a token beside the background work and 50 ms without.
    expect(observed.rate_with_background).toBeCloseTo(10, 1)
    expect(observed.rate_without_background).toBeCloseTo(20, 1)
    expect(observed.slowdown).toBeCloseTo(2, 1)
    expect(observed.stalls).toEqual([])
    expect(observed.span_ids).toEqual([chatOf(run)])
  })

  it('has the rate that was planted, where one token alone fell into the background work', async () => {
    const { run, observed } = await findingOf('token_timeline', 'stream', {
      duration_s: 1,
      contention: 3,
      token_interval_ms: 50,
      tool_delay_ms: 100,
      background_fanout: 5,
      concurrency: 20,
      ttft_ms: 20,
      jitter: 0,
    })
    expect(observed.rate_with_background).toBeCloseTo(5, 1)
    expect(observed.rate_without_background).toBeCloseTo(20, 1)
    expect(observed.span_ids).toEqual([chatOf(run)])
  })

  it.each(seeds)('finds the slowdown of a run with defaults, and none where none was planted (%s)', async (seed) => {
    const short = { seed, duration_s: 4 }
    const { run, observed } = await findingOf('token_timeline', 'stream', short)
    expect(observed.span_ids).toEqual([chatOf(run)])
    const healthy = await findingOf('token_timeline', 'stream', { ...short, contention: 0 })
    expect(healthy.observed.span_ids).toEqual([])
    expect(healthy.finding.text).toContain('no slower beside them')
  })

  it('takes a gap for a stall where it is long for the pace that was due, and slowed down is due', async () => {
    const { observed } = await findingOf('token_timeline', 'stream', { seed: 'a', jitter: 0, contention: 10 })
    expect(observed.slowdown).toBeCloseTo(11, 0)
    expect(observed.stalls).toEqual([])
  })
})

describe.each(scenarios.map(({ name }) => name))('%s', (scenario) => {
  it('with calls that fail points at each that gave up', async () => {
    const { run, finding, observed } = await findingOf('straggler', scenario, {
      seed: 'a',
      error_rate: scenario === 'handoff' ? 1 : 0.5,
      ...(scenario === 'stream' && { duration_s: 1 }),
    })
    const isCall = ({ facts }: LedgerStep) => facts.operation === 'execute_tool' || facts.operation === 'retrieval'
    const failed = run.ledger.steps.filter((step) => isCall(step) && step.status === 'error')
    expect(failed.length).toBeGreaterThan(0)
    // Of a retry it is the attempts.
    const named = new Set(observed.span_ids)
    const isNamed = ({ id, span_id }: LedgerStep) =>
      named.has(span_id ?? '') ||
      run.ledger.steps.some((each) => each.parent_id === id && named.has(each.span_id ?? ''))
    expect(failed.filter((step) => !isNamed(step))).toEqual([])
    expect(finding.text).toMatch(/failed|gave up/)
  })

  it('finds nothing where nothing was planted', async () => {
    for (const seed of seeds.slice(0, 10)) {
      const query = { seed, faults: 'off', ...(scenario === 'stream' && { duration_s: 1, contention: 0 }) }
      const { finding, observed } = await findingOf('straggler', scenario, query)
      expect(observed.span_ids, `${seed}: ${finding.text}`).toEqual([])
    }
  })
})
