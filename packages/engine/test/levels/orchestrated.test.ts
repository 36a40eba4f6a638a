import { plantedKinds } from 'contract/taxonomy'
import { ledgerStepSchema } from 'contract/ledger'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../../test/support/simulated.ts'
import { Catalog } from '../../src/catalog.ts'
import { drawsOf } from '../../src/draws.ts'
import { keyOf } from '../../src/key/key.ts'
import { scriptOf } from '../../src/levels/level.ts'
import { mostDraws } from '../../src/levels/numbers.ts'
import { attemptsOf, scheduleOf } from '../../src/levels/schedule.ts'
import { type Script, type ScriptStep, valueOf } from '../../src/levels/script.ts'
import { usualBytes, usualDepth, worldOf } from '../../src/levels/world.ts'
import { scenarios } from '../../src/scenarios/index.ts'

const names = ['fanout', 'chain', 'retry', 'dag']
const levels = [2, 3, 4]
const nothing = new Set<string>()
/** Written away at the end of each run. */
const checkpointMs = 12.5

function draw(name: string, seed: string, params: Record<string, unknown>, world = 'world'): Script {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (!found?.levels) throw new Error(`${name} has no levels`)
  return scriptOf({ random: drawsOf(seed, name), worldSeed: world }, found.levels, params)
}

const seedsOf = (count: number) => Array.from({ length: count }, (_, index) => `seed-${index}`)
const stepsOf = ({ before, jobs, after }: Script): ScriptStep[] => [
  ...before,
  ...jobs.flatMap(({ steps }) => steps),
  ...after,
]

describe.each(names)('%s', (name) => {
  it('is drawn the same by the same seed in the same world, and otherwise by another', () => {
    for (const level of levels) {
      expect(draw(name, 'a', { level })).toEqual(draw(name, 'a', { level }))
      expect(draw(name, 'a', { level })).not.toEqual(draw(name, 'b', { level }))
      expect(draw(name, 'a', { level })).not.toEqual(draw(name, 'a', { level }, 'elsewhere'))
    }
  })

  it.each(levels)(
    'takes as long as its schedule says, at level %i, with what is planted and without',
    async (level) => {
      for (const seed of seedsOf(6)) {
        const script = draw(name, seed, { level })
        const out = new Set(script.faults.map(({ id }) => id))
        for (const [faults, schedule] of [
          ['own', scheduleOf(script, nothing)],
          ['off', scheduleOf(script, out)],
        ] as const) {
          const { run, result } = await simulate(name, { level, seed, faults })
          const workflow = run.ledger.steps.find(({ key }) => key === 'workflow')
          expect(workflow?.duration_ms).toBeCloseTo(schedule.totalMs + checkpointMs, 2)
          expect(run.faults.faults.map(({ id }) => id).toSorted()).toEqual(faults === 'own' ? [...out].toSorted() : [])
          expect(result.ok).toBe(faults === 'off' || !script.faults.some(({ losesCall }) => losesCall))
        }
      }
    },
  )

  it.each(levels)(
    'has the key that its schedule has, at level %i: what each fault costs, and none without it',
    async (level) => {
      for (const seed of seedsOf(4)) {
        const script = draw(name, seed, { level })
        const { totalMs } = scheduleOf(script, nothing)
        const key = await keyOf((await simulate(name, { level, seed })).run)
        expect(key.verdict).toBe(script.isControl ? 'healthy' : 'faulty')
        expect(key.faults.map(({ id }) => id).toSorted()).toEqual(script.faults.map(({ id }) => id).toSorted())
        for (const { id, impact } of key.faults)
          expect(impact?.ms).toBeCloseTo(totalMs - scheduleOf(script, new Set([id])).totalMs, 1)
        const off = await keyOf((await simulate(name, { level, seed, faults: 'off' })).run)
        expect(off).toMatchObject({ verdict: 'healthy', faults: [] })
        // What only looks like a fault is in no key, alone or beside one.
        const named = key.faults.filter(({ standing }) => standing !== 'neutral')
        const culprits = new Set(named.flatMap(({ accepted }) => accepted.flat()))
        expect([...key.decoys, ...key.neutral].filter((id) => culprits.has(id))).toEqual([])
        expect(key.decoys.length + key.neutral.length).toBeGreaterThanOrEqual(Math.min(1, script.decoys.length))
        expect([key.disturbed, key.unplanned.count]).toEqual([false, 0])
      }
    },
  )

  it('keeps to the ledger: each step once, by its schema, and all that a key may name is there', async () => {
    for (const level of levels) {
      for (const seed of seedsOf(4)) {
        const { run } = await simulate(name, { level, seed })
        const { steps } = run.ledger
        const keys = new Set(steps.map(({ key }) => key))
        expect(keys.size).toBe(steps.length)
        for (const step of steps)
          expect(ledgerStepSchema.safeParse(JSON.parse(JSON.stringify(step))).error).toBeUndefined()
        const named = [...run.faults.neutralSteps, ...run.faults.decoySteps]
        for (const { kind, steps } of run.faults.faults) {
          expect(Object.keys(plantedKinds)).toContain(kind)
          named.push(...steps)
        }
        expect(named.filter((key) => !keys.has(key))).toEqual([])
      }
    }
  })

  it('says nothing on its steps of the run that it was asked for', async () => {
    const { run } = await simulate(name, { level: 3, seed: 'a' })
    for (const { facts } of run.ledger.steps) {
      expect(facts).not.toHaveProperty('delay_ms')
      expect(facts).not.toHaveProperty('error_rate')
    }
  })

  it('is a control every other time, and has then nothing planted but what looks like it', () => {
    const scripts = seedsOf(60).map((seed) => draw(name, seed, { level: 3 }))
    const controls = scripts.filter(({ isControl }) => isControl)
    // Of 60 coins, at four sigma.
    expect(Math.abs(controls.length - 30)).toBeLessThan(16)
    for (const { faults, decoys, isControl } of scripts) {
      expect(faults.length > 0).toBe(!isControl)
      expect(decoys.every(({ id }) => !faults.some((fault) => fault.id === id))).toBe(true)
    }
    expect(controls.flatMap(({ decoys }) => decoys).length).toBeGreaterThan(controls.length)
  })

  it('is drawn until something is to be found: longer by it, or another outcome', () => {
    for (const level of levels) {
      for (const seed of seedsOf(12)) {
        const script = draw(name, seed, { level, control: false })
        const { totalMs } = scheduleOf(script, nothing)
        const saving = (id: string) => totalMs - scheduleOf(script, new Set([id])).totalMs
        const required = script.faults.filter(({ id, changesOutcome }) => changesOutcome || saving(id) > 0.04 * totalMs)
        expect(required.length).toBeGreaterThan(0)
        expect(script.draws).toBeLessThanOrEqual(mostDraws)
      }
    }
  })

  it('costs next to nothing by what was planted without effect', () => {
    for (const seed of seedsOf(20)) {
      const script = draw(name, seed, { level: 3 })
      const { totalMs } = scheduleOf(script, nothing)
      for (const { id } of script.decoys.filter(({ kind }) => kind === 'slack'))
        expect(Math.abs(totalMs - scheduleOf(script, new Set([id])).totalMs)).toBeLessThanOrEqual(0.01 * totalMs)
    }
  })
})

/** As in levels.md, at level 2: a run has one kind. */
const weights: Record<string, Record<string, number>> = {
  fanout: { straggler: 2 / 3, failed: 1 / 3 },
  chain: { slow_link: 2 / 3, tool_slow: 1 / 3 },
  retry: { faulty_tool: 0.45, backoff: 0.3, not_retryable: 0.25 },
  dag: { slow_branch: 0.5, late_start: 0.3, failed: 0.2 },
}

it.each(Object.entries(weights))('%s: kinds of faults have their weights', (name, shares) => {
  const count = 90
  const kinds = seedsOf(count).map((seed) => draw(name, seed, { level: 2, control: false }).faults[0]?.kind)
  for (const [kind, share] of Object.entries(shares)) {
    const drawn = kinds.filter((one) => one === kind).length
    expect(Math.abs(drawn - share * count)).toBeLessThan(4 * Math.sqrt(count * share * (1 - share)))
  }
  expect(new Set(kinds)).toEqual(new Set(Object.keys(shares)))
})

it.each(['fanout', 'chain', 'dag'])('%s: a slow call takes no longer than a large payload makes one take', (name) => {
  const medianOf = new Map(worldOf('world').tools.map(({ name, medianMs }) => [name, medianMs]))
  const ratios = seedsOf(40).flatMap((seed) => {
    const script = draw(name, seed, { level: 3, control: false })
    const slow = new Set(script.faults.flatMap(({ kind, steps }) => (/^(straggler|slow_)/.test(kind) ? steps : [])))
    return stepsOf(script).flatMap((step) =>
      step.kind === 'call' && slow.has(step.key)
        ? [(step.attempts.at(-1)?.ms.value ?? 0) / (medianOf.get(step.tool) ?? 1)]
        : [],
    )
  })
  expect(ratios.length).toBeGreaterThan(10)
  expect(ratios.filter((ratio) => ratio > 7.01)).toEqual([])
})

it('has a world of its own for each seed, with the same five medians', () => {
  const medians = (seed: string) => worldOf(seed).tools.map(({ medianMs }) => medianMs)
  expect(medians('a').toSorted((a, b) => a - b)).toEqual([30, 80, 200, 600, 1500])
  expect(new Set(seedsOf(20).map((seed) => medians(seed).join())).size).toBeGreaterThan(10)
})

it('takes as long for a call as its size explains, and how deep its tool is to look', () => {
  const { tools } = worldOf('world')
  const powers = new Set<number>()
  for (const seed of seedsOf(10))
    for (const step of stepsOf(draw('fanout', seed, { level: 3, control: true }))) {
      const tool = tools.find(({ name }) => step.kind === 'call' && name === step.tool)
      if (step.kind !== 'call' || !tool) continue
      const { depth = usualDepth } = JSON.parse(step.arguments) as { depth?: number }
      const answered = step.attempts.find(({ status }) => status === 200)
      if (!answered) continue
      const ofSize = tool.fixed + (1 - tool.fixed) * (answered.bytes / usualBytes)
      const usual = tool.medianMs * ofSize * (depth / usualDepth) ** tool.depthPower
      expect(Math.abs(Math.log(answered.ms.base / usual))).toBeLessThanOrEqual(0.15 * 2.5 + 1e-3)
      powers.add(tool.depthPower)
    }
  expect([...powers].toSorted((a, b) => a - b)).toEqual([-1, 0, 1])
})

it('has one tool that is flaky whatever is planted, and plants a faulty one among the others', () => {
  const world = worldOf('world')
  const flaky = world.tools.filter(({ failureRate }) => failureRate > 0.1).map(({ name }) => name)
  expect(flaky).toHaveLength(1)
  const faulty = seedsOf(40).flatMap((seed) =>
    draw('retry', seed, { level: 3, control: false }).faults.filter(({ kind }) => kind === 'faulty_tool'),
  )
  expect(faulty.length).toBeGreaterThan(5)
  expect(faulty.filter(({ entity }) => flaky.includes(entity.tool ?? ''))).toEqual([])
})

it('asks for the waits of which a control has the same as a fault: the span says so', () => {
  const asked = seedsOf(30).flatMap((seed) =>
    stepsOf(draw('retry', seed, { level: 3, control: true })).flatMap((step) =>
      step.kind === 'call' ? attemptsOf(step, nothing).map((each) => ({ ...each, given: step.arguments })) : [],
    ),
  )
  const long = asked.filter(({ waitMs }) => waitMs > 4000)
  expect(long.length).toBeGreaterThan(0)
  for (const { attempt, waitMs, given } of asked) {
    const before = asked[asked.findIndex((other) => other.attempt === attempt) - 1]
    const { after_s: afterS } = JSON.parse(given) as { after_s?: number }
    if (waitMs > 2000 && afterS === undefined)
      expect(before?.attempt).toMatchObject({ status: 429, retryAfterS: waitMs / 1020 })
    if (afterS !== undefined && waitMs > 0) expect(waitMs / 1000 / afterS).toBeCloseTo(1.015, 1)
    expect(valueOf(attempt.ms, nothing)).toBeGreaterThan(0)
  }
})

describe('parameters', () => {
  const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })
  const parse = (name: string, query: Record<string, string>) => {
    const offer = catalog.find(name)
    if (!offer) throw new Error(`no scenario ${name}`)
    return catalog.parse(offer, query)
  }

  it.each([
    ['fanout', { level: '5' }, [['level', 'a whole number from 1 to 4']]],
    [
      'fanout',
      { level: '3', delay_ms: '5', stragglers: '2' },
      [
        ['stragglers', 'level=3'],
        ['delay_ms', 'level=3'],
      ],
    ],
    ['react', { level: '2', llm_error_rate: '0.1' }, [['llm_error_rate', 'which draws times, faults and size']]],
    ['fanout', { control: 'true' }, [['control', 'level=2, 3 or 4']]],
    ['fanout', { level: '1', world: 'w' }, [['world', 'level=2, 3 or 4']]],
    ['retry', { level: '4', faults: 'own,slow_tool:search:4' }, [['faults', 'own or off with level=4']]],
  ])('%s %o is refused by the name of what is wrong', (name, query, expected) => {
    const parsed = parse(name, query)
    const faults = 'faults' in parsed ? parsed.faults : []
    expect(new Set(faults.map(({ parameter }) => parameter))).toEqual(new Set(expected.map(([name]) => name)))
    for (const [name, words] of expected)
      expect(faults.find(({ parameter }) => parameter === name)?.expected).toContain(words)
  })

  it('are none of how often a model fails, which it never does', async () => {
    for (const name of ['react', 'rag', 'silent'])
      for (const level of [2, 3, 4]) {
        const { run } = await simulate(name, { level, seed: 'a' })
        const chats = run.ledger.steps.filter(({ facts }) => facts.operation === 'chat')
        expect(chats.length).toBeGreaterThan(0)
        expect(chats.filter(({ status }) => status === 'error')).toEqual([])
        const attempts = run.ledger.steps.filter(
          ({ facts }) => facts.operation === 'http_client' && facts.method === 'POST',
        )
        expect(attempts).toEqual([])
      }
  })

  it('are those that were given, so that a run of a level is repeated by what its answer says', async () => {
    expect(parse('fanout', { level: '3', fanout: '70' })).toEqual({ params: { fanout: 70, level: 3 } })
    const { result } = await simulate('fanout', { level: 3, fanout: 70 })
    const query = Object.fromEntries(new URL(result.replay, 'http://agent.invalid').searchParams)
    delete query.scenario
    const again = await simulate('fanout', query)
    expect(again.result.replay).toBe(result.replay)
    expect(again.result.elapsed_s).toBe(result.elapsed_s)
  })
})
