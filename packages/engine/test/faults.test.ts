import { faults as planted } from 'contract/faults'
import type { LedgerStep } from 'contract/ledger'
import { plantedBy } from 'findings/kinds'
import { fc } from '../../../test/support/properties.ts'
import { describe, expect, test } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { type AskedFault, faultsPattern, parseFaults, writeFaults } from '../src/asked-faults.ts'
import { decisionsOf } from '../src/decisions.ts'
import { scenarios } from '../src/scenarios/index.ts'
import { allTools } from '../src/tools.ts'

const small = { fanout: 12, depth: 12, duration_s: 0.5, background_fanout: 12, ttft_ms: 10 }
const seeds = ['a', 'b', 'c', 'd', 'e']

/** A small run of a scenario, its steps by key. */
async function play(scenario: string, query: Record<string, string | number>) {
  const takes = scenarios.find(({ name }) => name === scenario)?.params ?? {}
  const fitting = Object.fromEntries(Object.entries(small).filter(([name]) => Object.hasOwn(takes, name)))
  const { run, result } = await simulate(scenario, { ...fitting, ...query })
  return { ...result, steps: new Map(run.ledger.steps.map((step) => [step.key, step])) }
}
type Steps = Awaited<ReturnType<typeof play>>['steps']

const callOf = (key: string) => key.replace(/\/\d+$/, '')

/** The fault of a step: an attempt has that of its call. */
const faultOf = (steps: Steps, { key, facts, injected }: LedgerStep) =>
  (facts.operation === 'http_client' ? steps.get(callOf(key))?.injected : injected)?.fault

/** Whose faults stay in the context: what later calls are sent follows from that, and is not drawn. */
const remembered = ['loop', 'hallucination', 'overflow']

/** What was decided of a step: facts, without what `faults` itself decides and what a fault replaces. */
function factsOf(step: LedgerStep, scenario: string): Record<string, unknown> {
  const [{ facts }] = Object.values(decisionsOf([step])) as [{ facts: Record<string, unknown> }]
  const { error_rate: _, status: __, result: ___, response_bytes: ____, ...chosen } = facts
  if (!remembered.includes(scenario)) return chosen
  const { input_tokens: _sent, cached_tokens: _cached, cache_write_tokens: _written, ...drawn } = chosen
  return drawn
}

function toolOf({ facts }: LedgerStep): string | undefined {
  if (facts.operation === 'execute_tool') return facts.tool
  return facts.operation === 'retrieval' ? facts.source : undefined
}
const toolCalls = (steps: Steps) => [...steps.values()].filter((step) => toolOf(step) !== undefined)
const chats = (steps: Steps) => [...steps.values()].filter(({ facts }) => facts.operation === 'chat')
const attemptsOf = (steps: Steps, call: LedgerStep) =>
  [...steps.values()].filter(({ key, facts }) => facts.operation === 'http_client' && callOf(key) === call.key)

const cases = [
  { faults: 'own', factor: undefined },
  { faults: 'straggler:6', factor: 6 },
  { faults: 'slow_tool:search:4', factor: 4 },
  { faults: 'slow_tool:knowledge_base:2.5', factor: 2.5 },
  { faults: 'failing_tool:database:0.5', factor: undefined },
  { faults: 'slow_model:3', factor: 3 },
]

/** One that says itself what its `faults` are takes no others. */
const hasOthers = scenarios.filter(({ params }) => !Object.hasOwn(params, 'faults'))

describe.each(hasOthers.map(({ name }) => name))('%s', (scenario) => {
  test.each(cases.flatMap((one) => seeds.map((seed) => ({ ...one, seed }))))(
    'faults=$faults multiplies what it hits, and moves no other draw (seed $seed)',
    async ({ faults, factor, seed }) => {
      const off = await play(scenario, { seed, faults: 'off' })
      const { steps, params } = await play(scenario, { seed, faults })
      const times = factor ?? params.straggler_factor ?? params.slow_tool_factor
      let compared = 0
      for (const [key, step] of steps) {
        const before = off.steps.get(key)
        // An attempt that only a failure made, or work that one ended.
        if (!before) continue
        compared++
        expect({ key, ...factsOf(step, scenario) }).toEqual({ key, ...factsOf(before, scenario) })
        const drawn = before.injected?.drawn_ms
        if (drawn === undefined) continue
        // How long a stream goes on at least is not drawn.
        const fault = faultOf(steps, step)
        const isSlower = fault !== undefined && 'multiplies' in planted[fault]
        const isMultiplied = isSlower && key !== 'streamer/chat'
        expect((step.injected?.drawn_ms as number) / drawn, key).toBeCloseTo(isMultiplied ? Number(times) : 1, 9)
      }
      expect(compared).toBeGreaterThan(4)
    },
  )

  test.each(seeds)('faults=off plants nothing (seed %s)', async (seed) => {
    const { steps, finding } = await play(scenario, { seed, error_rate: 0.5, faults: 'off' })
    for (const { key, injected } of steps.values()) expect(injected?.fault, key).toBeUndefined()
    expect(finding.injected).toBeNull()
  })

  test('a slow tool is slow in every call, and no other is', async () => {
    for (const tool of allTools) {
      const { steps } = await play(scenario, { seed: 'a', faults: `slow_tool:${tool}:4` })
      for (const call of toolCalls(steps))
        expect(call.injected?.fault, call.key).toBe(toolOf(call) === tool ? 'slow_tool' : undefined)
    }
  })

  test('a tool that always fails fails in every attempt, and no other does', async () => {
    for (const tool of allTools) {
      const { steps } = await play(scenario, { seed: 'a', faults: `failing_tool:${tool}:1` })
      for (const call of toolCalls(steps))
        for (const { key, injected } of attemptsOf(steps, call))
          expect(injected?.fault, key).toBe(toolOf(call) === tool ? 'failure' : undefined)
    }
  })

  test('a model that always fails answers no call', async () => {
    const { steps } = await play(scenario, { seed: 'a', faults: 'failing_model:1' })
    for (const { key, facts, status } of chats(steps))
      expect(status === 'error' || (facts.operation === 'chat' && facts.finish_reason === 'content_filter'), key).toBe(
        true,
      )
  })

  test('a slow model is slow in every call', async () => {
    const { steps } = await play(scenario, { seed: 'a', faults: 'slow_model:3' })
    for (const { key, injected } of chats(steps)) expect(injected?.fault, key).toBe('slow_model')
  })

  test.each(seeds)('a straggler is one call, or the scenario’s own (seed %s)', async (seed) => {
    const { steps, params, finding } = await play(scenario, { seed, faults: 'straggler' })
    const slow = toolCalls(steps).filter(({ injected }) => injected?.fault === 'straggler')
    expect(slow).toHaveLength(Number(params.stragglers ?? 1))
    const own = plantedBy(finding.kind)
    if (own === undefined || 'multiplies' in planted[own])
      expect(finding.injected?.map(({ key }) => key)).toEqual(slow.map(({ key }) => key).toSorted())
  })
})

test('a straggler of a long run may be any of its calls', async () => {
  const hit = new Set<string>()
  for (let seed = 0; seed < 30; seed++) {
    const { steps } = await play('chain', { seed: `s${seed}`, faults: 'straggler' })
    for (const { key, injected } of toolCalls(steps)) if (injected?.fault === 'straggler') hit.add(key)
  }
  expect(hit.size).toBeGreaterThan(6)
})

test('what its scenario plants comes together with what else is asked for', async () => {
  const own = await play('fanout', { seed: 'a' })
  const both = await play('fanout', { seed: 'a', faults: 'own,slow_tool:search:2' })
  for (const call of toolCalls(both.steps)) {
    const [before] = attemptsOf(own.steps, call)
    const [after] = attemptsOf(both.steps, call)
    const ratio = (after?.injected?.drawn_ms as number) / (before?.injected?.drawn_ms as number)
    expect(ratio).toBeCloseTo(toolOf(call) === 'search' ? 2 : 1, 9)
  }
})

const factor = fc.double({ min: 1, max: 1000, noNaN: true })
const tool = fc.constantFrom(...allTools)
const askedFault = fc.oneof(
  fc.record({ kind: fc.constant('straggler' as const), factor: fc.option(factor, { nil: undefined }) }),
  fc.record({ kind: fc.constant('slow_tool' as const), tool, factor }),
  fc.record({ kind: fc.constant('failing_tool' as const), tool, rate: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constant('slow_model' as const), factor }),
)

test('faults are written as they are read, up to the sixth digit', () => {
  const rounded = (fault: AskedFault) =>
    JSON.parse(JSON.stringify(fault), (_, value: unknown) =>
      typeof value === 'number' ? Number(value.toFixed(6)) : value,
    ) as unknown
  fc.assert(
    fc.property(fc.boolean(), fc.array(askedFault, { maxLength: 4 }), (own, others) => {
      const text = writeFaults({ own, others })
      if (text !== undefined) expect(text).toMatch(faultsPattern)
      const read = parseFaults(text)
      expect({ own: read.own, others: read.others.map(rounded) }).toEqual({ own, others: others.map(rounded) })
    }),
  )
})

test.each(['on', 'off,own', 'straggler:0', 'slow_tool:search', 'slow_tool:hammer:2', 'failing_tool:mail:1.5', 'own,'])(
  'faults=%s is refused, and what is expected is said',
  async (faults) => {
    await expect(play('fanout', { faults })).rejects.toThrow(/"parameter":"faults".*off, or a list of own/)
  },
)
