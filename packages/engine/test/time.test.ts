import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { drawsOf } from '../src/draws.ts'
import { succeeded } from '../src/errors.ts'
import { backoff } from '../src/retry-policy.ts'
import { inLanes } from '../src/lanes.ts'
import { defineScenario, stragglers } from '../src/scenario.ts'

const drawnOf = (steps: readonly { key: string; injected: { drawn_ms?: number | undefined } | null }[]) =>
  new Map(steps.map(({ key, injected }) => [key, injected?.drawn_ms ?? 0]))

describe('lanes', () => {
  it('begin tasks in order, and no more at a time than there are lanes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 40 }), async (count, lanes) => {
        const begun: number[] = []
        let running = 0
        let most = 0
        await inLanes(count, lanes, async (index) => {
          begun.push(index)
          most = Math.max(most, ++running)
          for (let turn = index % 3; turn >= 0; turn--) await Promise.resolve()
          running--
        })
        expect(begun).toEqual(Array.from({ length: count }, (_, index) => index))
        expect(most).toBe(Math.min(count, lanes))
        expect(running).toBe(0)
      }),
    )
  })
})

describe('ideal time', () => {
  /** When the last of the calls would end if each took its drawn time, slot by slot. */
  function scheduled(drawn: readonly number[], slots: number): number {
    const freeAt = Array.from({ length: slots }, () => 0)
    for (const ms of drawn) {
      const slot = freeAt.indexOf(Math.min(...freeAt))
      freeAt[slot] = (freeAt[slot] as number) + ms
    }
    return Math.max(0, ...freeAt)
  }

  it.each([1, 3, 7, 20])(
    'is the schedule of the drawn times over %i slots, and what is not at the same time',
    async (concurrency) => {
      const { result, run } = await simulate('fanout', { seed: 'a', fanout: 20, concurrency })
      const drawn = drawnOf(run.ledger.steps)
      const calls = Array.from({ length: 20 }, (_, index) =>
        ['chat/0', 'call/0'].reduce((ms, step) => ms + (drawn.get(`worker/${index}/${step}`) as number), 0),
      )
      const before = (drawn.get('planner/chat') as number) + (drawn.get('checkpoint') as number)
      expect(result.summary.ideal_ms).toBeCloseTo(before + scheduled(calls, concurrency), 2)
      expect(result.summary.max_in_flight).toBe(concurrency)
    },
  )

  it('has back-offs and every attempt in it', async () => {
    const { result, run } = await simulate('retry', { seed: 'a', fanout: 1, error_rate: 1, max_retries: 2 })
    const drawn = drawnOf(run.ledger.steps)
    const call = run.ledger.steps.find(({ key }) => key === 'worker/0/call')
    const policy = { maxRetries: 2, backoffMs: 20, backoffMaxMs: 500, jitter: 'full' as const }
    const waits = [1, 2].map((attempt) => backoff(policy, attempt, randomOf(attempt, result.seed)))
    expect(call?.events.map((event) => event.name === 'retry' && event.delay_ms)).toEqual(waits.map(Math.round))
    const sum = [...drawn.values(), ...waits].reduce((total, ms) => total + ms, 0)
    expect(result.summary.ideal_ms).toBeCloseTo(sum, 2)
  })
})

const randomOf = (attempt: number, seed: string) => drawsOf(seed, 'retry').fork(`worker/0/call/backoff/${attempt}`)

describe('what was planted', () => {
  it('has the time that the first attempt of its call was made to take', async () => {
    const { result, run } = await simulate('fanout', { seed: 'b', fanout: 30, stragglers: 3 })
    const drawn = drawnOf(run.ledger.steps)
    expect(result.finding.injected).toHaveLength(3)
    for (const { key, drawn_ms } of result.finding.injected ?? []) {
      expect(drawn_ms).toBe(drawn.get(`${key}/0`))
      expect(drawn_ms).toBeGreaterThan(400)
    }
  })

  it('has it however often the call was tried again', async () => {
    const retry = { maxRetries: 2, backoffMs: 1, backoffMaxMs: 1, jitter: 'none' as const }
    const slow = { factor: 10, fault: 'straggler' as const }
    const limping = defineScenario({
      name: 'limping',
      description: 'One call, slow and in vain',
      symptom: 'It takes long',
      missed: 'It was tried again',
      reveals: 'That it was slow',
      finding: 'straggler',
      spans: { agent_app: '…', tool_service: '…' },
      params: { stragglers: stragglers('How many calls are slow', 1) },
      demand: () => ({ callsAtOnce: 1, calls: 3, steps: 10 }),
      run: (workflow, { delay_ms }) =>
        succeeded(workflow.executeTool('search', { delayMs: delay_ms, errorRate: 1, retry, slowdown: slow })),
    })
    const { result, run } = await simulate(limping, { seed: 'a' })
    const drawn = drawnOf(run.ledger.steps)
    expect(result.finding.injected?.map(({ drawn_ms }) => drawn_ms)).toEqual([drawn.get('workflow/call/0')])
    expect(drawn.get('workflow/call/2')).not.toBe(drawn.get('workflow/call/0'))
  })

  it('is every failed attempt with its own time, not the first one’s', async () => {
    const { result, run } = await simulate('retry', { seed: 'a', fanout: 3, error_rate: 1, max_retries: 2 })
    const drawn = drawnOf(run.ledger.steps)
    const injected = result.finding.injected ?? []
    expect(injected).toHaveLength(9)
    for (const { key, drawn_ms } of injected) expect(drawn_ms).toBe(drawn.get(key))
    expect(new Set(injected.map(({ drawn_ms }) => drawn_ms)).size).toBe(9)
  })
})

describe('what depends on what', () => {
  it('a join waited for all of its branches, in their order', async () => {
    const { run } = await simulate('dag', { seed: 'a', fanout: 6 })
    const { steps } = run.ledger
    const join = steps.find(({ key }) => key === 'aggregator')
    expect(join?.depends_on.map((id) => steps[id]?.key)).toEqual([0, 1, 2, 3, 4, 5].map((index) => `branch/${index}`))
    expect(steps.filter(({ depends_on }) => depends_on.length > 0)).toEqual([join])
  })
})

describe('the context of a model', () => {
  const inputs = async (scenario: string, query: Record<string, number>) => {
    const { run } = await simulate(scenario, { seed: 'a', ...query })
    return run.ledger.steps.flatMap(({ facts }) => (facts.operation === 'chat' ? (facts.input_tokens ?? 0) : []))
  }

  it('grows by what was said and observed with every step of a loop', async () => {
    const { run } = await simulate('react', { seed: 'a', max_steps: 20, finish_probability: 0 })
    const chats = run.ledger.steps.flatMap(({ facts }) => (facts.operation === 'chat' ? [facts] : []))
    expect(chats).toHaveLength(21)
    for (const [step, { input_tokens }] of chats.entries()) {
      const before = chats[step - 1]
      if (!before) continue
      const { input_tokens: sent = 0, output_tokens = 0, reasoning_tokens = 0 } = before
      expect(input_tokens).toBe(sent + output_tokens - reasoning_tokens + 120)
    }
  })

  it('has in a chain what the link before has found', async () => {
    const [, first = 0, ...others] = await inputs('chain', { depth: 20 })
    expect(first).toBeLessThanOrEqual(350)
    expect(Math.min(...others)).toBeGreaterThanOrEqual(150 + 120)
    expect(Math.max(...others)).toBeLessThanOrEqual(350 + 120)
  })

  it('has at a join what all branches have found', async () => {
    const tokens = (await inputs('dag', { fanout: 20 })).at(-1)
    expect(tokens).toBeGreaterThanOrEqual(150 + 20 * 120)
    expect(tokens).toBeLessThanOrEqual(350 + 20 * 120)
  })

  it('has all that was retrieved, four bytes a token', async () => {
    for (const rag_chunks of [2, 50]) {
      const [tokens] = await inputs('rag', { rag_chunks, rag_chunk_size_kb: 4 })
      expect(tokens).toBeGreaterThanOrEqual(150 + rag_chunks * 1024)
      expect(tokens).toBeLessThanOrEqual(350 + rag_chunks * 1024)
    }
  })
})
