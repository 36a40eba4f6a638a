import { compareWithKey } from 'findings/planted'
import { describe, expect, it } from 'vitest'
import { chatsIn, expectMemory, paidIn } from '../../../test/support/conversations.ts'
import { simulate } from '../../../test/support/simulated.ts'
import type { Finding } from '../src/finding.ts'
import { keyOf } from '../src/key/key.ts'
import { lookalikeNames } from '../src/lookalikes.ts'

const seeds = Array.from({ length: 25 }, (_, index) => `seed-${index}`)

async function play(query: Record<string, string | number>) {
  const { run, result } = await simulate('loop', query)
  const { observed } = result.finding as Finding<'repetition'>
  const key = await keyOf(run)
  return { run, result, observed, key, compared: compareWithKey(key, observed.span_ids) }
}

describe('an agent that repeats itself', () => {
  it.each([
    {},
    { repeats: 1 },
    { gives_up: 'false' },
    { steps: 1, repeats: 3 },
    { max_steps: 4 },
    ...lookalikeNames.map((lookalike) => ({ lookalike })),
  ])('is found, and nothing else, whatever its seed: %o', async (query) => {
    for (const seed of seeds) {
      const { key, compared, observed } = await play({ ...query, seed })
      expect(compared, `${seed}: ${compared.text}`).toMatchObject({ agrees: true, not_planted: [] })
      expect(observed.repeats).toBe(
        key.faults.length > 0 ? (key.faults[0]?.steps.filter(isCall).length as number) - 1 : 0,
      )
    }
  })

  it('costs what it kept from being done, other faults of that included', async () => {
    // With the loop no step is left for the slow tool.
    const query = { max_steps: 3, jitter: 0, faults: 'own,slow_tool:search:3', seed: 'oracle/126/0' }
    const { key } = await play(query)
    expect(key.faults.map(({ kind }) => kind)).toEqual(['loop'])
    const without = await simulate('loop', { ...query, repeats: 0 })
    const with_ = await simulate('loop', query)
    const busyMs = ({ run }: typeof without) =>
      run.ledger.steps.find((step) => step.key === 'workflow')?.duration_ms ?? 0
    expect(key.faults[0]?.impact?.ms).toBeCloseTo(busyMs(with_) - busyMs(without), 0)
    expect(key.faults[0]?.impact?.ms).toBeLessThan(-100)
  })

  it('asks nothing twice by chance, however much it asks', async () => {
    for (const query of [{}, { lookalike: 'other_arguments' }])
      for (const seed of seeds) {
        const { key, observed } = await play({ ...query, repeats: 0, steps: 40, max_steps: 50, seed })
        expect(key.faults).toEqual([])
        expect(observed.span_ids, seed).toEqual([])
      }
  })

  it.each([{ error_rate: 0.4 }, { error_rate: 1 }, { error_rate: 0.4, repeats: 1 }, { llm_error_rate: 0.4 }])(
    'is found where calls fail, and only where there had been an answer: %o',
    async (query) => {
      for (const seed of seeds) {
        const { run, key, compared, observed } = await play({ ...query, seed })
        expect(compared, `${seed}: ${compared.text}`).toMatchObject({ agrees: true, not_planted: [] })
        const said = run.ledger.steps.filter(({ injected }) => injected?.fault === 'repetition')
        const struck = new Set(key.faults.flatMap(({ steps }) => steps))
        expect(said.filter((step) => !struck.has(step.key))).toEqual([])
        const loops = key.faults.filter(({ kind }) => kind === 'loop')
        expect(loops).toHaveLength(observed.loops.length)
        if (query.error_rate === 1) expect(loops).toEqual([])
        if (query.llm_error_rate)
          expect(loops.map(({ magnitude }) => magnitude?.value)).toEqual(observed.loops.map(({ repeats }) => repeats))
      }
    },
  )

  it.each([
    { repeats: 1000, max_steps: 20, steps: 1 },
    { repeats: 2, max_steps: 30, steps: 1, gives_up: 'false' },
  ])('says how often it was made again, not how often it would have been: %o', async (query) => {
    const { key } = await play({ seed: 'a', ...query })
    expect(key.faults).toMatchObject([{ magnitude: { unit: 'times', value: query.max_steps - 1 } }])
  })
  const isCall = (key: string) => key.includes('/call/')

  it('wastes what the run takes longer for it, and goes on with what it has heard', async () => {
    for (const seed of seeds) {
      const { key, observed, result, run } = await play({ seed })
      expect(result.ok).toBe(true)
      const [loop] = key.faults
      expect(loop).toMatchObject({ kind: 'loop', standing: 'required', magnitude: { unit: 'times', value: 6 } })
      expect(observed.wasted_ms).toBeCloseTo(loop?.impact?.ms ?? 0, 1)
      const tokens = loop?.impact?.tokens ?? 0
      const without = await simulate('loop', { seed, repeats: 0 })
      expect(tokens).toBe(paidIn(run.ledger.steps) - paidIn(without.run.ledger.steps))
      // What is sent again is cached, but for what fills no block.
      expect(Math.abs(observed.wasted_tokens - tokens)).toBeLessThan(0.05 * tokens)
      expectMemory(chatsIn(run.ledger.steps))
    }
  })

  it('that does not give up runs out of steps, and would have been done', async () => {
    const { result, key } = await play({ seed: 'a', gives_up: 'false' })
    expect(result.ok).toBe(false)
    expect(key.step_limit).toBe(true)
    expect(key.faults[0]?.impact?.outcome_changed).toBe(true)
  })

  it('cannot be told from one that asks something new where nobody says what was asked', async () => {
    const { observed, key } = await play({ seed: 'a', capture_content: 'false' })
    expect(observed.span_ids).toEqual([])
    expect(key.verdict).toBe('faulty')
  })
})

describe('what only looks like a loop', () => {
  it.each(lookalikeNames)('is named by nobody, and declared: %s', async (lookalike) => {
    for (const seed of seeds) {
      const { observed, key, result } = await play({ seed, lookalike, repeats: 0 })
      expect(observed.span_ids, `${seed}: ${result.finding.text}`).toEqual([])
      expect(key).toMatchObject({ verdict: 'healthy', faults: [] })
      expect(key.decoys.length).toBeGreaterThan(0)
    }
  })

  it('asks a tool more than once with the same arguments where it polls, and hears something new each time', async () => {
    const { run } = await play({ seed: 'a', lookalike: 'poll', repeats: 0 })
    const polls = run.ledger.steps.flatMap(({ key, facts }) =>
      facts.operation === 'execute_tool' && /\/call\/5\d$/.test(key) ? facts : [],
    )
    expect(polls).toHaveLength(4)
    expect(new Set(polls.map((poll) => poll.arguments?.sha256)).size).toBe(1)
    expect(new Set(polls.map((poll) => poll.result?.sha256)).size).toBe(4)
  })
})
