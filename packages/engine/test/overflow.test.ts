import type { LedgerStep } from 'contract/ledger'
import { compareWithKey } from 'findings/planted'
import { describe, expect, it } from 'vitest'
import { chatsIn, expectMemory, inBlocks, paidIn, usageOf } from '../../../test/support/conversations.ts'
import { simulate } from '../../../test/support/simulated.ts'
import type { Finding } from '../src/finding.ts'
import { keyOf } from '../src/key/key.ts'
import { Run } from '../src/run.ts'
import { VirtualClock } from '../src/virtual/clock.ts'
import { drive } from '../src/virtual/drive.ts'
import { VirtualPeers } from '../src/virtual/peers.ts'
import { silentRecorder } from '../src/virtual/silent.ts'
import { VirtualTools } from '../src/virtual/tools.ts'

const seeds = Array.from({ length: 20 }, (_, index) => `seed-${index}`)

async function play(query: Record<string, string | number>) {
  const { run, result } = await simulate('overflow', query)
  const { observed } = result.finding as Finding<'context_overflow'>
  const key = await keyOf(run)
  return { run, result, observed, key, compared: compareWithKey(key, observed.span_ids) }
}

type Played = Awaited<ReturnType<typeof play>>

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

describe('what comes after it', () => {
  const overAndAfter = (run: Played['run']) => {
    const chats = chatsIn(run.ledger.steps)
    const overAt = chats.findIndex(({ key }) => key === 'assistant/chat/100')
    const [over, ...after] = chats.slice(overAt) as [LedgerStep, LedgerStep, ...LedgerStep[]]
    return { overAt, over: usageOf(over), next: usageOf(after[0]), after }
  }

  it('is sent what was compacted, of which the cache has all, and less than before', async () => {
    for (const seed of seeds) {
      const { run } = await play({ at_limit: 'compact', seed })
      const { over, next, after } = overAndAfter(run)
      expect(over.cached_tokens).toBe(0)
      expect(over.input_tokens).toBeLessThan(0.25 * 32_768)
      const cached_tokens = inBlocks(over.input_tokens)
      expect(next).toMatchObject({ input_tokens: over.input_tokens + over.said, cached_tokens })
      expectMemory(after)
    }
  })

  it('is sent what is left where it was cut, which no cache has at first, and has room', async () => {
    for (const seed of seeds) {
      const { run, observed } = await play({ at_limit: 'cut', seed })
      const { over, next, after } = overAndAfter(run)
      expect(next.cached_tokens).toBe(0)
      expect(next.input_tokens).toBeGreaterThan(0.4 * 32_768)
      expect(next.input_tokens).toBeLessThan(over.input_tokens)
      expectMemory(after)
      expect(observed.exceeded).toHaveLength(1)
    }
  })

  it.each(['cut', 'compact'])('says no more of what is gone: %s', async (at_limit) => {
    const { run } = await play({ at_limit, seed: 'a' })
    const clock = new VirtualClock(0)
    const agent = { serviceName: 'test', agentName: undefined, captureContent: true }
    const ports = { clock, tools: new VirtualTools(clock), recorder: { ...silentRecorder, readsContent: true } }
    const peers = new VirtualPeers(clock, () => again)
    const again = new Run({ ...ports, peers }, agent, run.request)
    await drive([{ clock, result: again.play() }].values(), () => {})
    const sent = again.ledger.steps.flatMap(({ facts }) => {
      const messages = facts.operation === 'chat' ? facts.input_messages : undefined
      return typeof messages === 'string' ? [JSON.parse(messages) as { role: string }[]] : []
    })
    const { overAt } = overAndAfter(run)
    const left = ['user', 'assistant', 'tool']
    const roles = sent.slice(overAt).map((messages) => messages.map(({ role }) => role))
    expect(roles[0]).toEqual(at_limit === 'cut' ? ['user', ...Array(overAt).fill(['assistant', 'tool']).flat()] : left)
    expect(roles[1]).toEqual([...left, 'assistant'])
    expect(sent[overAt + 1]?.slice(1, 3)).toEqual(sent[overAt]?.slice(-2))
  })

  it.each(['cut', 'compact', 'refuse'])('is paid for by the fault: %s', async (at_limit) => {
    for (const seed of seeds.slice(0, 5)) {
      const { run, key } = await play({ at_limit, seed })
      const without = await play({ at_limit, seed, fill: 0 })
      const tokens = paidIn(run.ledger.steps) - paidIn(without.run.ledger.steps)
      expect(key.faults[0]).toMatchObject({ standing: 'required', impact: { tokens } })
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
    { steps: 17, context_window: 8192 },
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

it('has room after it in the smallest window that is taken', async () => {
  for (let seed = 0; seed < 100; seed++) {
    const query = { profile: 'measured', steps: 2, context_window: 4480, at_limit: 'compact', llm_error_rate: 0 }
    const { result } = await simulate('overflow', { ...query, seed: `s${seed}` })
    expect((result.finding as Finding<'context_overflow'>).observed.exceeded, `s${seed}`).toHaveLength(1)
  }
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
