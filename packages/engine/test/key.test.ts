import { keySchema, type Key, type KeyFault } from 'contract/key'
import type { LedgerStep } from 'contract/ledger'
import { fc } from '../../../test/support/properties.ts'
import { describe, expect, test } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { judge } from '../src/key/impacts.ts'
import { keyOf } from '../src/key/key.ts'
import type { InForce } from '../src/key/register.ts'
import { Run, type RunRequest } from '../src/run.ts'
import { VirtualClock } from '../src/virtual/clock.ts'
import { drive } from '../src/virtual/drive.ts'
import { VirtualPeers } from '../src/virtual/peers.ts'
import { silentRecorder } from '../src/virtual/silent.ts'
import { VirtualTools } from '../src/virtual/tools.ts'
import { scenarios } from '../src/scenarios/index.ts'

type Query = Record<string, string | number>

interface Played {
  run: Run
  key: Key
  byId: Map<string, KeyFault>
  /** Of it and of what goes on when a person has answered. */
  allKeys: () => Promise<Key[]>
}

async function play(scenario: string, query: Query): Promise<Played> {
  // One that says itself what its `faults` are takes no others.
  const isOwn = Object.hasOwn(scenarios.find(({ name }) => name === scenario)?.params ?? {}, 'faults')
  const faults = isOwn && query.faults !== undefined ? { faults: query.faults === 'off' ? 'off' : 'own' } : {}
  const { run, goOn } = await simulate(scenario, { ...query, ...faults })
  const key = await keyOf(run)
  expect(keySchema.parse(JSON.parse(JSON.stringify(key)))).toEqual(key)
  const allKeys = async () => [key, ...(await Promise.all((await goOn()).map((part) => keyOf(part))))]
  return { run, key, byId: new Map(key.faults.map((fault) => [fault.id, fault])), allKeys }
}

async function playAgain({ request }: Run, inForce: InForce): Promise<Run> {
  const clock = new VirtualClock(0)
  const agent = { serviceName: 'test', agentName: undefined, captureContent: false }
  const tools = new VirtualTools(clock)
  const make = (asked: RunRequest) =>
    new Run({ clock, tools, peers, recorder: silentRecorder }, agent, { ...asked, inForce })
  const peers: VirtualPeers = new VirtualPeers(clock, ({ params }, part) => make({ ...request, params, part }))
  const run = make(request)
  await drive([{ clock, result: run.play() }].values(), () => {})
  return run
}
const idsOf = ({ faults }: Run) => faults.faults.map(({ id }) => id)

/** Small runs in which much goes wrong. */
const small: Record<string, Query> = {
  fanout: { fanout: 20, concurrency: 4, stragglers: 2 },
  chain: { depth: 12 },
  retry: { fanout: 20, concurrency: 4, max_retries: 2 },
  dag: { fanout: 10, stragglers: 2 },
  react: { max_steps: 8 },
  human: {},
  rag: { rag_chunks: 6 },
  overflow: { steps: 4 },
  loop: { steps: 3, repeats: 4, max_steps: 8 },
  stream: { duration_s: 0.5, background_fanout: 8, ttft_ms: 10, tool_delay_ms: 50 },
  handoff: { hops: 3, severed: 2, human_delay_s: 0 },
  cascade: { calls: 24, max_retries: 2 },
  silent: { lookups: 6, flaws: 2 },
  hallucination: { lookups: 8, hallucinations: 2 },
}

const errorRate = fc.constantFrom(0, 0.1, 0.5, 1)
const planted = fc.constantFrom(
  'own',
  'off',
  'own,straggler:4',
  'own,slow_tool:search:3',
  'own,failing_tool:mail:0.7',
  'own,slow_model:5',
)
const query = fc.record({
  seed: fc.stringMatching(/^[a-z]{1,8}$/),
  error_rate: errorRate,
  faults: planted,
  jitter: fc.constantFrom(0, 0.1, 1),
  llm_delay_ms: fc.constantFrom(0, 30, 600),
  profile: fc.constantFrom('demo', 'measured'),
})
const runsOfProperty = { numRuns: 12 }

test('no scenario is left out', () => {
  expect(Object.keys(small).toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted())
})

describe.each(Object.keys(small))('%s', (scenario) => {
  test('every fault that the ledger says is in the key, by its steps', async () => {
    await fc.assert(
      fc.asyncProperty(query, async (given) => {
        const { run, key } = await play(scenario, { ...small[scenario], ...given })
        const told = run.ledger.steps.filter(({ injected }) => injected?.fault !== undefined).map(({ key }) => key)
        const struck = new Set(key.faults.flatMap(({ steps }) => steps))
        for (const step of told) expect(struck, JSON.stringify(given)).toContain(step)
        if (given.faults === 'off') expect(key.faults).toEqual([])
      }),
      runsOfProperty,
    )
  })

  test('a run that failed is explained by a fault, or by its limit of steps', async () => {
    await fc.assert(
      fc.asyncProperty(query, async (given) => {
        const { run, key } = await play(scenario, { ...small[scenario], ...given })
        expect(key.unplanned.count).toBe(0)
        if (run.ok === true) return
        const explains = key.faults.some(({ standing, impact }) => standing === 'required' && impact?.outcome_changed)
        const losesCall = key.faults.some(({ kind, standing }) => standing === 'required' && kind !== 'straggler')
        expect(explains || losesCall || key.step_limit, JSON.stringify(given)).toBe(true)
      }),
      runsOfProperty,
    )
  })

  test('a fault is taken out, or left alone, and no other draw moves', async () => {
    await fc.assert(
      fc.asyncProperty(query, async (given) => {
        const { run, key } = await play(scenario, { ...small[scenario], ...given })
        const all = drawsOf(run.ledger.steps)
        for (const { id, steps } of key.faults.slice(0, 4)) {
          const without = await playAgain(run, { without: [id] })
          expect(idsOf(without)).not.toContain(id)
          const alone = await playAgain(run, { only: [id] })
          expect(idsOf(alone).filter((other) => other !== id)).toEqual([])
          for (const [step, drawn] of drawsOf(without.ledger.steps))
            if (all.has(step) && !isOf(step, steps)) expect(drawn, `${id} without, ${step}`).toBe(all.get(step))
        }
      }),
      runsOfProperty,
    )
  })

  test('a key is the same wherever the run was played', async () => {
    for (const seed of ['a', 'b']) {
      const given = { ...small[scenario], seed, error_rate: 0.2 }
      const [one, other] = [await play(scenario, given), await play(scenario, given)]
      expect(other.key).toEqual(one.key)
      expect(await judge(one.run.request)).toEqual(await judge(other.run.request))
    }
  })
})

/** Whether a step is one of these, or an attempt of one. */
const isOf = (step: string, steps: readonly string[]) =>
  steps.some((struck) => step === struck || step.startsWith(`${struck}/`))

const drawsOf = (steps: readonly LedgerStep[]) =>
  new Map(steps.flatMap(({ key, injected }) => (injected?.drawn_ms === undefined ? [] : [[key, injected.drawn_ms]])))

test('nine calls that fail for good are nine faults', async () => {
  const { key, byId } = await play('fanout', { seed: 'readme', fanout: 50, stragglers: 0, error_rate: 0.3 })
  expect(key.faults).toHaveLength(9)
  expect(key.verdict).toBe('faulty')
  for (const { kind, standing, steps } of byId.values())
    expect({ kind, standing, steps: steps.length }).toEqual({ kind: 'failed', standing: 'required', steps: 1 })
})

test('stragglers that wait for each other cost nothing one by one, and much alone', async () => {
  const { key } = await play('dag', { seed: 'a', fanout: 20, stragglers: 5, jitter: 0, straggler_factor: 5 })
  expect(key.faults).toHaveLength(5)
  for (const { standing, impact } of key.faults) {
    expect(standing).toBe('masked')
    expect(impact).toMatchObject({ ms: 0, alone_ms: 320, user_visible: false })
  }
  expect(key.verdict).toBe('faulty')
})

test('many that cost little each, and much together, are masked', async () => {
  // One lane, in which each of forty slow calls takes 8 ms of 1.9 s longer.
  const given = {
    seed: 'a',
    fanout: 40,
    stragglers: 40,
    concurrency: 1,
    straggler_factor: 1.2,
    delay_ms: 40,
    jitter: 0,
  }
  const { key } = await play('fanout', given)
  expect(new Set(key.faults.map(({ standing }) => standing))).toEqual(new Set(['masked']))
  expect(key.faults.find(({ impact }) => impact !== null)?.impact).toMatchObject({ ms: 8, alone_ms: 8 })
})

test('a failure that ends a chain early has an impact below zero', async () => {
  const { run } = await simulate('chain', { seed: 'b', error_rate: 0.05, jitter: 0 })
  const key = await keyOf(run)
  expect(key.faults).toHaveLength(1)
  const links = run.ledger.steps.filter(({ facts }) => facts.operation === 'execute_tool').length
  const [{ impact, standing }] = key.faults as [KeyFault]
  expect(impact?.ms).toBeLessThan(0)
  // A link is a thought and a call.
  expect((impact?.ms ?? 0) % 110).toBeCloseTo(0, 6)
  // Alone, it ends the chain where it did; without it, another failure does, deeper down.
  expect(impact?.alone_ms).toBeCloseTo((links - 60) * 110, 6)
  expect(impact?.ms).toBeGreaterThan(impact?.alone_ms ?? 0)
  expect({ standing, changed: impact?.outcome_changed }).toEqual({ standing: 'required', changed: true })
})

test('what struck a part that another agent played is not put down to a fault of the whole', async () => {
  const given = { seed: 'sun', hops: 4, severed: 0, human_delay_s: 0, delay_ms: 0, error_rate: 0.2, jitter: 0 }
  const { run, key, allKeys } = await play('handoff', { ...given, faults: 'own,straggler:10' })
  expect((await allKeys()).flatMap(({ faults }) => faults.map(({ kind }) => kind))).toContain('failed')
  // Ten times as long as no time.
  expect(key.faults).toMatchObject([{ kind: 'straggler', standing: 'neutral', impact: { outcome_changed: false } }])
  expect(run.ok).toBe(false)
})

test('a slow branch with slack is neutral, and so are its spans', async () => {
  const { key } = await play('dag', { seed: 'a', fanout: 60, stragglers: 1, straggler_factor: 1.1, jitter: 0.3 })
  expect(key.faults).toMatchObject([{ standing: 'neutral', impact: { ms: 0, alone_ms: 0, user_visible: false } }])
  expect(key.neutral).toEqual(key.faults[0]?.accepted[0])
  expect(key.verdict).toBe('healthy')
})

test('failures that a resend rescued are one fault a tool; what was lost is one a call', async () => {
  const { run, key } = await play('retry', { seed: 'a', fanout: 60, error_rate: 0.3, faulty_tools: 0, max_retries: 1 })
  const lost = run.ledger.steps.filter(({ facts, status }) => facts.operation === 'execute_tool' && status === 'error')
  expect(lost.length).toBeGreaterThan(1)
  const byKind = Map.groupBy(key.faults, ({ kind }) => kind)
  expect(byKind.get('failed')?.map(({ id }) => id)).toEqual(lost.map(({ key }) => `failed/${key}`).toSorted())
  expect(byKind.get('faulty_tool')?.length).toBeGreaterThan(1)
  expect(byKind.get('faulty_tool')?.length).toBeLessThanOrEqual(5)
})

test('the tools that carry the failures of a storm are the faults', async () => {
  const { key } = await play('retry', { seed: 'readme' })
  expect(key.faults.map(({ id }) => id)).toEqual(['faulty_tool/database', 'faulty_tool/mail'])
})

test('a stream that background work slows down has fewer tokens, by a fault', async () => {
  const { byId } = await play('stream', { seed: 'readme', duration_s: 5, contention: 3 })
  const { standing, impact } = byId.get('contention') as KeyFault
  expect(standing).toBe('required')
  expect(impact?.tokens).toBeLessThan(-10)
  const { key } = await play('stream', { seed: 'readme', duration_s: 5, contention: 0 })
  expect(key.faults).toEqual([])
})

test('a call of a faulty agent is named by itself, its attempt, or its agent where that is known by it', async () => {
  const { run, key } = await play('fanout', { seed: 'a', fanout: 10, stragglers: 1 })
  const [{ accepted, steps }] = key.faults as [KeyFault]
  const [call] = steps as [string]
  const keyOfSpan = new Map(run.ledger.steps.map(({ span_id, key }) => [span_id, key]))
  const named = new Set(accepted.flat().map((id) => keyOfSpan.get(id)))
  expect(named).toEqual(new Set([call.replace('/call', ''), call, `${call}/0`]))
})

test('of many faults those that took longest are replayed', async () => {
  const { key } = await play('fanout', { seed: 'a', fanout: 60, stragglers: 40, delay_ms: 5 })
  const replayed = key.faults.filter(({ impact }) => impact !== null)
  expect(key.faults).toHaveLength(40)
  expect(replayed).toHaveLength(32)
  for (const { impact, standing } of key.faults) if (impact === null) expect(standing).toBe('masked')
})

test.each([
  { addedMs: 100, disturbed: false },
  { addedMs: 400, disturbed: true },
])('a machine that adds $addedMs ms to calls of 80 ms, slow ones of 800, disturbs: $disturbed', async (given) => {
  const { run } = await play('fanout', { seed: 'a', jitter: 0 })
  for (const step of run.ledger.steps)
    if (step.facts.operation === 'http_client') step.duration_ms = (step.duration_ms ?? 0) + given.addedMs
  const { disturbed, disturbance } = await keyOf(run)
  expect(disturbed).toBe(given.disturbed)
  expect(disturbance).toEqual({ calls: 100, added_p99_ms: given.addedMs, effect_ms: 720 })
})

test('where nothing is slow, the machine disturbs by half of what a rule would need', async () => {
  const { run } = await play('fanout', { seed: 'a', jitter: 0, stragglers: 0 })
  expect((await keyOf(run)).disturbance.effect_ms).toBe(160)
})

describe.each(scenarios.filter(({ levels }) => levels).map(({ name }) => name))('%s of level 2 to 4', (scenario) => {
  const levelled = fc.record({
    seed: fc.stringMatching(/^[a-z]{1,8}$/),
    level: fc.constantFrom(2, 3, 4),
    control: fc.boolean(),
  })

  test('has a key that says what was planted, and nothing where nothing was', async () => {
    await fc.assert(
      fc.asyncProperty(levelled, async (given) => {
        const { run, key, allKeys } = await play(scenario, { ...given, control: String(given.control) })
        const faults = (await allKeys()).flatMap((each) => each.faults)
        const told = JSON.stringify(given)
        expect({ level: key.level, unplanned: key.unplanned.count, disturbed: key.disturbed }, told).toEqual({
          level: given.level,
          unplanned: 0,
          disturbed: false,
        })
        if (given.control)
          expect({ faults: key.faults, verdict: key.verdict }).toEqual({ faults: [], verdict: 'healthy' })
        else expect(faults.length, told).toBeGreaterThan(0)
        for (const { accepted } of faults) expect(accepted.flat().length, told).toBeGreaterThan(0)
        const named = new Set([...key.neutral, ...key.faults.flatMap(({ accepted }) => accepted.flat())])
        expect(
          key.decoys.filter((id) => named.has(id)),
          told,
        ).toEqual([])
        if (run.ok === false)
          expect(key.step_limit || key.faults.some(({ standing }) => standing === 'required'), told).toBe(true)
      }),
      { numRuns: 6 },
    )
  })
})
