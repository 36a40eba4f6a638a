import { compareWithKey } from 'findings/planted'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import type { Finding } from '../src/finding.ts'
import { keyOf } from '../src/key/key.ts'

const seeds = Array.from({ length: 20 }, (_, index) => `seed-${index}`)

async function play(query: Record<string, string | number>) {
  const { run, result } = await simulate('overflow', query)
  const { observed } = result.finding as Finding<'context_overflow'>
  const key = await keyOf(run)
  return { run, result, observed, key, compared: compareWithKey(key, observed.span_ids) }
}

describe('a context that is more than the model holds', () => {
  it.each([
    {},
    { at_limit: 'compact' },
    { at_limit: 'refuse' },
    { context_window: 4096 },
    { fill: 3, steps: 2 },
    { lookalike: 'cached_prefix' },
    { lookalike: 'short_answer' },
  ])('is found, with what filled it, and nothing else, whatever its seed: %o', async (query) => {
    for (const seed of seeds) {
      const { key, compared, observed, result } = await play({ ...query, seed })
      expect(compared, `${seed}: ${result.finding.text}`).toMatchObject({ planted: 1, agrees: true, not_planted: [] })
      expect(observed.exceeded).toHaveLength(1)
      const [exceeded] = observed.exceeded
      expect(exceeded?.filled_by?.tokens).toBe(key.faults[0]?.magnitude?.value)
      expect(exceeded?.due_tokens).toBeGreaterThan(exceeded?.window ?? Infinity)
    }
  })

  it.each([
    ['cut', true],
    ['compact', true],
    ['refuse', false],
  ])('is %s as it was asked for', async (at_limit, goesOn) => {
    const { result, observed, run } = await play({ seed: 'a', at_limit })
    expect(result.ok).toBe(goesOn)
    expect(observed.exceeded[0]?.how).toBe({ cut: 'cut', compact: 'compacted', refuse: 'refused' }[at_limit])
    const chat = run.ledger.steps.find(({ key }) => key === 'assistant/chat/100')
    if (at_limit === 'refuse') expect(chat).toMatchObject({ status: 'error', error_type: 'context_length_exceeded' })
    if (at_limit === 'cut') {
      expect(chat?.facts).toMatchObject({ finish_reason: 'length', max_tokens: 16, output_tokens: 16, window: 32_768 })
      expect(chat?.facts).toMatchObject({ input_tokens: 32_768 - 16 })
    }
  })
})

it.each([{ fill: 1.5 }, { fill: 0.9 }])('is exceeded by no answer that nobody gave: %o', async (query) => {
  for (const seed of seeds) {
    const { key, run, observed } = await play({ ...query, error_rate: 1, seed })
    expect(key.faults.map(({ kind }) => kind)).not.toContain('overflow')
    expect(run.ledger.steps.map(({ key }) => key)).not.toContain('assistant/chat/100')
    expect(observed.exceeded).toEqual([])
    expect(observed.fullest).toBeLessThan(0.1)
  }
})

/** Some tools are slow by nature there, and every rule names those. */
describe('with the long tails of production', () => {
  const measured = { profile: 'measured', llm_error_rate: 0 }

  it.each([
    {},
    { at_limit: 'compact' },
    { at_limit: 'refuse' },
    { context_window: 8192 },
    { lookalike: 'cached_prefix' },
    { steps: 40, context_window: 200_000 },
  ])('what exceeds the context is what was planted, and with nothing planted nothing does: %o', async (query) => {
    for (const seed of seeds.slice(0, 8)) {
      const { compared, observed, key } = await play({ ...measured, ...query, seed })
      expect(compared.missed, seed).toEqual([])
      expect(key.verdict).toBe('faulty')
      expect(observed.exceeded).toHaveLength(1)
      for (const other of [{ faults: 'off' }, { fill: 0 }, { fill: 1 }])
        expect((await play({ ...measured, ...query, ...other, seed })).observed.exceeded, seed).toEqual([])
    }
  })
})

it('is not asked of a model whose context the work alone would fill', async () => {
  await expect(play({ profile: 'measured', context_window: 4096 })).rejects.toThrow('no room for 6 steps')
  await expect(play({ steps: 40, context_window: 4096 })).rejects.toThrow('no room for 40 steps')
})

it.each([
  ['a long context that is enough', { fill: 0.9 }],
  ['one that is as long as it may be', { fill: 1 }],
  ['one in a small window, whose answers are cut', { fill: 1, context_window: 4096, steps: 10 }],
  ['a long prompt that a cache has', { fill: 0, lookalike: 'cached_prefix' }],
  ['an answer that was to be short', { fill: 0, lookalike: 'short_answer' }],
])('%s is named by nobody, and declared', async (_, query) => {
  for (const seed of seeds) {
    const { observed, key, result } = await play({ ...query, seed })
    expect(observed.span_ids, `${seed}: ${result.finding.text}`).toEqual([])
    expect(key).toMatchObject({ verdict: 'healthy', faults: [] })
    expect(key.decoys.length).toBeGreaterThan(0)
  }
})
