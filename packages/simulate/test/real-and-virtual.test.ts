import type { LedgerAnswer, LedgerStep } from 'contract/ledger'
import { Catalog } from 'engine/catalog'
import { decisionsOf } from 'engine/decisions'
import { scenarios } from 'engine/scenarios/index'
import { drive } from 'engine/virtual/drive'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { quicklyFailing } from '../../../test/support/failing-model.ts'
import { type Pair, startPair } from '../../../scripts/pair.ts'
import { Asking } from '../src/asked.ts'
import { begin } from '../src/play.ts'
import { startMs } from './support/simulations.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
})
afterAll(() => pair.stop())

const seeds = ['one', 'two', 'three', 'four', 'five']
/** Small and quick, but for failures: what is drawn is drawn all the same. */
const quick: Record<string, Record<string, string>> = {
  fanout: { fanout: '12', delay_ms: '5', error_rate: '0.2' },
  chain: { depth: '6', delay_ms: '5', error_rate: '0.1' },
  retry: { fanout: '8', delay_ms: '5', backoff_ms: '5', backoff_max_ms: '20' },
  dag: { fanout: '8', delay_ms: '5', error_rate: '0.1' },
  react: { delay_ms: '5', llm_delay_ms: '5', error_rate: '0.2' },
  human: { human_delay_s: '0.05', delay_ms: '5' },
  rag: { delay_ms: '5' },
  handoff: { hops: '3', severed: '1', human_delay_s: '0', delay_ms: '5', error_rate: '0.2' },
  overflow: { delay_ms: '5', llm_delay_ms: '5', error_rate: '0.2', context_window: '4096' },
  loop: { delay_ms: '5', llm_delay_ms: '5', error_rate: '0.2' },
  stream: { duration_s: '0.5', tool_delay_ms: '20', error_rate: '0.1' },
  cascade: { calls: '30', delay_ms: '20', backoff_ms: '10', error_rate: '0.05' },
  silent: { lookups: '3', flaws: '2', flaw: 'any', delay_ms: '5', error_rate: '0.1' },
  hallucination: { hallucinations: '3', hallucination: 'any', delay_ms: '5', error_rate: '0.1' },
}
const defaults = { delayMs: undefined, errorRate: 0 }
const catalog = new Catalog(scenarios, defaults)
const asking = new Asking(catalog, startMs)

async function playReally(scenario: string, seed: string, params = quick[scenario]): Promise<LedgerStep[]> {
  const offer = catalog.find(scenario)
  const path = offer?.scenario.path === '/stream' ? '/stream?' : `/run?scenario=${scenario}&`
  const response = await fetch(`${pair.agent.url}${path}${new URLSearchParams({ ...params, seed }).toString()}`)
  await response.text()
  expect(response.status).toBe(200)
  const ledger = await fetch(`${pair.agent.url}/runs/${response.headers.get('x-trace-id')}`)
  const { runs } = (await ledger.json()) as LedgerAnswer
  return runs[0]?.steps ?? []
}

async function playVirtually(scenario: string, seed: string, params = quick[scenario]): Promise<LedgerStep[]> {
  const planned = { unit: 0, turn: 0, atMs: 0, conversationId: undefined }
  const asked = asking.of({ ...planned, scenario, seed, params: { ...params, seed } })
  const steps: LedgerStep[] = []
  await drive([begin(asked)].values(), ({ ledger }) => void steps.push(...ledger().steps))
  return steps
}

/** Times to the microsecond: what is drawn crosses HTTP as decimal digits. */
const toMicroseconds = (decisions: Record<string, unknown>): unknown =>
  JSON.parse(JSON.stringify(decisions), (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value,
  )

test('no scenario is left out', () => {
  expect(Object.keys(quick).toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted())
})

test.each(Object.keys(quick))(
  '%s decides the same over real HTTP and in virtual time, by five seeds',
  async (scenario) => {
    const played = seeds.map((seed) => Promise.all([playReally(scenario, seed), playVirtually(scenario, seed)]))
    for (const [really, virtually] of await Promise.all(played)) {
      expect(really.length).toBeGreaterThan(5)
      const [real, virtual] = [decisionsOf(really), decisionsOf(virtually)].map(toMicroseconds)
      expect(virtual).toEqual(real)
    }
  },
)

test.each(['answered', 'lost'] as const)('a model fails the same in both (%s)', async (ends) => {
  const query = await quicklyFailing('react', 'delay_ms=5&llm_delay_ms=5', ends)
  const { seed = '', ...params } = Object.fromEntries(new URLSearchParams(query))
  const [really, virtually] = [await playReally('react', seed, params), await playVirtually('react', seed, params)]
  const [real, virtual] = [decisionsOf(really), decisionsOf(virtually)].map(toMicroseconds)
  expect(virtual).toEqual(real)
  expect(really.filter(({ injected }) => injected?.fault === 'model_failure').length).toBeGreaterThan(0)
})

/** Runs of a level, small. What they have to have: the attempts that only tool-service itself can make true. */
const levelled: Record<string, Record<string, string>> = {
  fanout: { level: '2', fanout: '4', concurrency: '4', control: 'false' },
  chain: { level: '3', depth: '4', control: 'true' },
  retry: { level: '3', fanout: '8', concurrency: '8', control: 'false' },
  dag: { level: '4', fanout: '4', control: 'false' },
  hallucination: { level: '2', lookups: '1', control: 'false' },
}

/** Of these seeds the one whose run is over first, and has an answer of such a status among its attempts. */
async function shortest(scenario: string, status: number): Promise<string> {
  const runs = await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      const seed = `seed-${index}`
      const steps = await playVirtually(scenario, seed, levelled[scenario])
      const has = steps.some(({ facts }) => facts.operation === 'http_client' && facts.status === status)
      return { seed, ms: has ? (steps[0]?.duration_ms ?? 0) : Infinity }
    }),
  )
  return runs.reduce((a, b) => (b.ms < a.ms ? b : a)).seed
}

test.each([
  ['fanout', 503],
  ['chain', 429],
  ['retry', 422],
  ['dag', 503],
  ['hallucination', 404],
])('%s of a level decides the same over real HTTP, an answer of %i among its attempts', async (scenario, status) => {
  const seed = await shortest(scenario, status)
  const really = await playReally(scenario, seed, levelled[scenario])
  const virtually = await playVirtually(scenario, seed, levelled[scenario])
  const statuses = really.flatMap(({ facts }) => (facts.operation === 'http_client' ? [facts.status] : []))
  expect(statuses).toContain(status)
  const [real, virtual] = [decisionsOf(really), decisionsOf(virtually)].map(toMicroseconds)
  expect(virtual).toEqual(real)
})
