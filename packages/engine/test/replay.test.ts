import { describe, expect, it } from 'vitest'
import { ledgerStepSchema, type LedgerStep } from 'contract/ledger'
import { scenarios } from '../src/scenarios/index.ts'
import { simulate } from '../../../test/support/simulated.ts'
import { decisionsOf } from '../src/decisions.ts'

const names = scenarios.map(({ name }) => name)
const faulty: Record<string, Record<string, string | number>> = {
  fanout: { error_rate: 0.1, fanout: 60 },
  chain: { depth: 20 },
  retry: { error_rate: 0.4, fanout: 60 },
  dag: { error_rate: 0.1, fanout: 60 },
  react: { error_rate: 0.3, max_steps: 20 },
  human: { error_rate: 0.2 },
  rag: { rag_chunks: 20 },
  overflow: { error_rate: 0.3 },
  loop: { error_rate: 0.3 },
  stream: { error_rate: 0.3, duration_s: 3 },
  handoff: { error_rate: 0.3, hops: 6, severed: 3 },
  cascade: { error_rate: 0.1 },
  silent: { error_rate: 0.2, flaws: 2, flaw: 'any' },
  hallucination: { error_rate: 0.2, hallucinations: 2, hallucination: 'any' },
}

/** Every id and time that was drawn for a run. */
const drawnOf = (steps: readonly LedgerStep[]) =>
  steps.flatMap(({ facts, injected }) => [
    ...('response_id' in facts ? [facts.response_id] : []),
    ...('call_id' in facts ? [facts.call_id] : []),
    injected?.drawn_ms ?? [],
  ])

it('makes nothing alike of one seed in two scenarios', async () => {
  const seen = new Map<unknown, string>()
  for (const name of names) {
    const { run } = await simulate(name, { ...faulty[name], seed: 'a' })
    // Every run writes the same away.
    for (const drawn of drawnOf(run.ledger.steps.filter(({ facts }) => facts.operation !== 'checkpoint'))) {
      expect([drawn, seen.get(drawn) ?? name]).toEqual([drawn, name])
      seen.set(drawn, name)
    }
  }
  const [fanout, retry] = await Promise.all(
    ['fanout', 'retry'].map(async (name) => {
      const { run } = await simulate(name, { seed: 'a', error_rate: 0.5, ...(name === 'retry' && { faulty_tools: 0 }) })
      return run.ledger.steps.flatMap(({ key, tool }) => (key.endsWith('/call/0') ? [[key, tool?.ok]] : []))
    }),
  )
  expect(retry).not.toEqual(fanout)
})

const keysOf = (steps: readonly LedgerStep[]) => steps.map(({ key }) => key).toSorted()

describe.each(names)('%s', (name) => {
  it('makes the same decisions for the same seed', async () => {
    for (const seed of ['a', 'b', 'c']) {
      const one = await simulate(name, { ...faulty[name], seed })
      const other = await simulate(name, { ...faulty[name], seed }, 'SecondaryAgent')
      expect(decisionsOf(other.run.ledger.steps)).toEqual(decisionsOf(one.run.ledger.steps))
      expect(other.result.seed).toBe(seed)
    }
  })

  it('makes others for another', async () => {
    const one = await simulate(name, { ...faulty[name], seed: 'a' })
    const other = await simulate(name, { ...faulty[name], seed: 'b' })
    expect(decisionsOf(other.run.ledger.steps)).not.toEqual(decisionsOf(one.run.ledger.steps))
  })

  it('is repeated by what its answer says', async () => {
    const { result, run } = await simulate(name, faulty[name])
    const query = Object.fromEntries(new URL(result.replay, 'http://agent.invalid').searchParams)
    delete query.scenario
    const again = await simulate(name, query)
    expect(again.result.replay).toBe(result.replay)
    expect(decisionsOf(again.run.ledger.steps)).toEqual(decisionsOf(run.ledger.steps))
  })

  it('names each of its steps once, and keeps to the schema of the ledger', async () => {
    const { run } = await simulate(name, { ...faulty[name], seed: 'a' })
    const { steps } = run.ledger
    expect(new Set(keysOf(steps)).size).toBe(steps.length)
    for (const step of steps) expect(ledgerStepSchema.safeParse(JSON.parse(JSON.stringify(step))).error).toBeUndefined()
    expect(steps.every(({ id }, index) => id === index)).toBe(true)
    expect(steps.every(({ duration_ms }) => duration_ms !== null)).toBe(true)
  })
})

it.each(['fanout', 'retry'])('%s decides the same whatever its concurrency', async (name) => {
  const narrow = await simulate(name, { ...faulty[name], seed: 'a', concurrency: 1 })
  const wide = await simulate(name, { ...faulty[name], seed: 'a', concurrency: 60 })
  const withoutSetting = (steps: readonly LedgerStep[]) =>
    JSON.stringify(decisionsOf(steps)).replaceAll(/"concurrency":\d+/g, '')
  expect(withoutSetting(wide.run.ledger.steps)).toBe(withoutSetting(narrow.run.ledger.steps))
})

it.each([
  ['fanout', { stragglers: 0 }],
  ['dag', { stragglers: 0 }],
  ['react', { slow_tool_factor: 1 }],
])('%s: taking the fault out changes no other draw', async (name, without) => {
  const withFault = await simulate(name, { seed: 'a' })
  const control = await simulate(name, { seed: 'a', ...without })
  const drawn = (steps: readonly LedgerStep[]) => new Map(steps.map(({ key, injected }) => [key, injected?.drawn_ms]))
  const before = drawn(withFault.run.ledger.steps)
  const after = drawn(control.run.ledger.steps)
  const culprits = new Set(withFault.result.finding?.injected?.map(({ key }) => key))
  expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted())
  for (const [key, ms] of before) if (!culprits.has(key.replace(/\/0$/, ''))) expect(after.get(key)).toBe(ms)
})
