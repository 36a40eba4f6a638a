import { Random } from 'contract/random'
import { fc } from '../../../test/support/properties.ts'
import { describe, expect, test } from 'vitest'
import { Catalog } from '../src/catalog.ts'
import { loadMix, mixNames } from '../src/mix/named.ts'
import { plan, type PlannedRun, type PlannedUnit, prevalenceAt } from '../src/mix/plan.ts'
import { MixError, readMix } from '../src/mix/read.ts'
import { drawValue } from '../src/mix/values.ts'
import { scenarios } from '../src/scenarios/index.ts'

const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })

function take(count: number, units: Generator<PlannedUnit, never>): PlannedUnit[] {
  return Array.from({ length: count }, () => units.next().value)
}
const runsOf = (units: readonly PlannedUnit[]): PlannedRun[] => units.flatMap(({ runs }) => runs)

function faultsIn(yaml: string): string[] {
  try {
    readMix(yaml, 'a.yaml', catalog)
  } catch (error) {
    if (error instanceof MixError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
    throw error
  }
  return []
}

describe('a mix that is none', () => {
  test('every fault is told at once, with its path and line, in their order', () => {
    expect(
      faultsIn(`rate: 20
profile: fast
runs:
  - { scenario: raect }
  - scenario: react
    weight: -1
    params:
      max_steps: 5000
      max_step: 3
  - { scenario: rag, params: { rag_chunks: { lognormal: [8, 0.5], max: 6000 } } }
  - { scenario: human, params: { outcome: { choice: [approve, maybe] }, faults: 'off' } }
  - { scenario: human, params: { outcome: { uniform: [0, 1] } } }
faults:
  - { kind: slow_tool, tool: hammer, factor: 4 }
  - { kind: earthquake }
  - { kind: slow_model, factor: 2, from: 2h, until: 1h }
`),
    ).toMatchInlineSnapshot(`
      [
        "rate (line 1): expected a rate above 0, such as 20/s or 3/m, or { shape: diurnal, peak: 40/s, trough: 2/s }",
        "profile (line 2): Invalid option: expected one of "demo"|"measured"",
        "runs.0.scenario (line 4): expected one of fanout, chain, retry, dag, react, human, rag, stream, handoff, loop, cascade, silent, hallucination, overflow, not raect",
        "runs.1.weight (line 6): Too small: expected number to be >0",
        "runs.1.params.max_steps (line 8): expected a whole number from 1 to 1000, not 5000",
        "runs.1.params.max_step (line 9): expected one of max_steps, finish_probability, slow_tool_probability, slow_tool_factor, delay_ms, error_rate, jitter, llm_delay_ms, llm_error_rate, profile, faults, level, control, world, seed, quirks, conversation_id, not max_step",
        "runs.2.params.rag_chunks.max (line 10): expected a number from 1 to 1000, not 6000",
        "runs.3.params.outcome.choice.1 (line 11): expected one of approve, reject, expire, not maybe",
        "runs.3.params.faults (line 11): is what \`planted\` and \`faults\` of the mix say",
        "runs.4.params.outcome (line 12): is no number: it takes one of approve, reject, expire",
        "faults.0.tool (line 14): Invalid option: expected one of "search"|"database"|"calculator"|"calendar"|"mail"|"knowledge_base"|"aggregate"",
        "faults.1.kind (line 15): Invalid discriminator value. Expected 'straggler' | 'slow_tool' | 'failing_tool' | 'slow_model' | 'failing_model'",
        "faults.2.until (line 16): expected a time after \`from\`",
      ]
    `)
  })

  test.each(['constructor', 'toString'])('there is no parameter %s, though every object has one', (name) => {
    expect(faultsIn(`runs:\n  - { scenario: react, params: { ${name}: 1 } }`)).toEqual([
      expect.stringMatching(
        new RegExp(`^runs\\.0\\.params\\.${name} \\(line 2\\): expected one of max_steps, .*, not ${name}$`),
      ),
    ])
  })

  test('a syntax fault is told with its line', () => {
    expect(faultsIn('runs:\n  - { scenario: react')).toMatchInlineSnapshot(`
      [
        "line 2: Flow map in block collection must be sufficiently indented and end with a }",
      ]
    `)
  })

  test('parameters that may not go together, for some value that is drawn', () => {
    const mix = (params: string) => faultsIn(`runs:\n  - scenario: fanout\n    params: ${params}\n    planted: true\n`)
    expect(mix('{ fanout: { uniform: [2, 9] }, stragglers: 3 }')).toEqual([
      'runs.0.params.stragglers (line 3): stragglers may be 3, where it is expected to be at most fanout, which is 2',
    ])
    expect(mix('{ fanout: { uniform: [3, 9] }, stragglers: 3 }')).toEqual([])
    expect(mix('{ fanout: { lognormal: [20, 1], min: 4 }, stragglers: { choice: [1, 4] } }')).toEqual([])
  })

  test('parameters of what is not planted: nobody would hear of them', () => {
    const mix = (scenario: string, params: string, rest = '') =>
      faultsIn(`runs:\n  - scenario: ${scenario}\n    params: ${params}\n${rest}`)
    const silent = (name: string) => [
      `runs.0.params.${name} (line 3): has no effect without \`planted: true\` beside \`params\``,
    ]
    expect(mix('retry', '{ error_rate: 0.2 }')).toEqual(silent('error_rate'))
    expect(mix('fanout', '{ stragglers: { uniform: [1, 3] } }')).toEqual(silent('stragglers'))
    expect(mix('react', '{ slow_tool_probability: 0.5 }')).toEqual(silent('slow_tool_probability'))
    expect(mix('stream', '{ contention: 1 }')).toEqual(silent('contention'))
    expect(mix('retry', '{ error_rate: 0 }')).toEqual([])
    expect(mix('retry', '{ error_rate: 0.2 }', '    planted: true\n')).toEqual([])
  })

  test('a name that is none says which there are', () => {
    expect(() => loadMix('defualt')).toThrow(/defualt is neither .*coding, default, everything, healthy, support/)
  })
})

describe.each(mixNames)('the mix %s', (name) => {
  const mix = loadMix(name)

  test('plans runs that the catalog takes', () => {
    for (const { scenario, params } of runsOf(take(400, plan(mix, 'a')))) {
      const offer = catalog.find(scenario)
      if (!offer) throw new Error(scenario)
      const query = Object.fromEntries(Object.entries(params).map(([param, value]) => [param, String(value)]))
      expect(catalog.parse(offer, query)).toHaveProperty('params')
    }
  })

  test('is a function of its seed: from anywhere, and in shares', () => {
    const all = take(120, plan(mix, 'a'))
    expect(take(50, plan(mix, 'a', 70))).toEqual(all.slice(70))
    const shares = [0, 1, 2].flatMap((index) => take(40, plan(mix, 'a', 0, { index, of: 3 })))
    expect(shares.toSorted((a, b) => a.unit - b.unit)).toEqual(all)
    expect(take(120, plan(mix, 'b'))).not.toEqual(all)
  })

  test('arrives in order, a conversation’s turns after one another', () => {
    const units = take(400, plan(mix, 'a'))
    for (const [index, { atMs, runs }] of units.entries()) {
      expect(atMs).toBeGreaterThanOrEqual(units[index - 1]?.atMs ?? 0)
      expect(runs.map(({ turn }) => turn)).toEqual(runs.map((_, turn) => turn))
      expect(new Set(runs.map(({ conversationId }) => conversationId)).size).toBe(1)
      if (runs.length > 1) expect(runs[0]?.conversationId).toMatch(/^conv_/)
    }
  })
})

test('the mix everything has every scenario, as often as any other, with what it plants', () => {
  const { runs } = loadMix('everything')
  const names = (all: readonly string[]) => all.toSorted()
  expect(names(runs.map(({ scenario }) => scenario))).toEqual(names(scenarios.map(({ name }) => name)))
  for (const { weight, planted } of runs) expect([weight, planted]).toEqual([1, true])
})

test('in mixes with times of production models fail as often as in production, whatever else is planted', () => {
  for (const name of mixNames.filter((name) => loadMix(name).profile === 'measured')) {
    const runs = runsOf(take(200, plan(loadMix(name), 'a')))
    for (const { params } of runs) expect(params.faults).toMatch(/(^|,)failing_model:0\.03$/)
  }
})

test('what a mix plants is its own to say', () => {
  const faultsOf = (name: string) =>
    new Set(runsOf(take(600, plan(loadMix(name), 'a'))).map(({ params }) => params.faults))
  expect(faultsOf('healthy')).toEqual(new Set(['off']))
  expect(faultsOf('everything')).toEqual(new Set([undefined]))
  expect([...faultsOf('default')]).toEqual(
    expect.arrayContaining(['failing_tool:database:0.3', 'off', 'slow_tool:search:4', 'straggler']),
  )
})

test('a mix and the same one without its faults draw the same', () => {
  const bare = (run: PlannedRun) => ({ ...run, params: { ...run.params, faults: undefined } })
  const plans = ['default', 'healthy'].map((name) => runsOf(take(300, plan(loadMix(name), 'a'))).map(bare))
  expect(plans[0]).toEqual(plans[1])
})

test('a quirk is switched on in its share of the runs, and nothing else is drawn differently', () => {
  const told = 'quirks: [{ kind: usage_repeated, prevalence: 0.3 }, { kind: retries_billed }]'
  const runs = 'runs: [{ scenario: react }, { scenario: rag, params: { quirks: cache_beside } }]'
  const [plain, quirky] = ['', told].map((quirks) =>
    runsOf(take(600, plan(readMix(`${runs}\n${quirks}`, 'quirks', catalog), 'a'))),
  ) as [PlannedRun[], PlannedRun[]]
  const without = (planned: readonly PlannedRun[]) =>
    planned.map(({ params, ...run }) => ({ ...run, params: { ...params, quirks: undefined } }))
  expect(without(quirky)).toEqual(without(plain))
  const ofReact = quirky.flatMap(({ scenario, params }) => (scenario === 'react' ? [params.quirks] : []))
  expect(new Set(ofReact)).toEqual(new Set(['retries_billed', 'usage_repeated,retries_billed']))
  expect(ofReact.filter((quirks) => quirks !== 'retries_billed').length / ofReact.length).toBeCloseTo(0.3, 1)
  // An entry that says its own has them.
  for (const { scenario, params } of quirky) if (scenario === 'rag') expect(params.quirks).toBe('cache_beside')
})

test('a fault comes, stays and goes: its prevalence over time', () => {
  const mix = readMix(
    `rate: 10/s
runs: [{ scenario: rag }]
faults: [{ kind: slow_model, factor: 2, prevalence: 0.5, from: 100s, until: 300s, ramp: 50s }]`,
    'onset',
    catalog,
  )
  const units = take(5000, plan(mix, 'a'))
  const share = (fromS: number, toS: number) => {
    const runs = runsOf(units).filter(({ atMs }) => atMs >= fromS * 1000 && atMs < toS * 1000)
    return runs.filter(({ params }) => params.faults === 'slow_model:2').length / runs.length
  }
  expect(share(0, 100)).toBe(0)
  expect(share(120, 130)).toBeCloseTo(0.25, 0.9)
  expect(Math.abs(share(150, 300) - 0.5)).toBeLessThan(0.05)
  expect(share(350, 480)).toBe(0)
  const [fault] = mix.faults
  if (!fault) throw new Error('no fault')
  expect([0, 100, 125, 150, 300, 325, 350].map((s) => prevalenceAt(fault, s * 1000))).toEqual([
    0, 0, 0.25, 0.5, 0.5, 0.25, 0,
  ])
})

test('arrivals come at their rate, and over a day between trough and peak', () => {
  const steady = readMix('rate: 5/s\nruns: [{ scenario: rag }]', 'steady', catalog)
  const last = take(10_000, plan(steady, 'a')).at(-1)?.atMs ?? 0
  expect(Math.abs(10_000 / (last / 1000) / 5 - 1)).toBeLessThan(0.05)
  const daily = readMix(
    'rate: { shape: diurnal, peak: 360/h, trough: 36/h }\nruns: [{ scenario: rag }]',
    'daily',
    catalog,
  )
  const hours = take(4700, plan(daily, 'a')).map(({ atMs }) => Math.floor(atMs / 3_600_000) % 24)
  const inHours = (...wanted: number[]) => hours.filter((hour) => wanted.includes(hour)).length
  expect(inHours(11, 12) / inHours(0, 23)).toBeGreaterThan(5)
})

const number = fc.double({ min: -1e6, max: 1e6, noNaN: true })
test('a draw lies within the range of its parameter, whole where that has to be', () => {
  const mix = readMix(
    `runs:
  - scenario: react
    params: { max_steps: { lognormal: [900, 2] }, finish_probability: { uniform: [0, 1] }, delay_ms: { geometric: 0.001 } }
  - { scenario: rag, params: { rag_chunks: { uniform: [1.5, 40.5], max: 20 } } }`,
    'ranges',
    catalog,
  )
  fc.assert(
    fc.property(number, (seed) => {
      const draw = (run: number, name: string) => drawValue(mix.runs[run]?.params[name] ?? '', new Random(String(seed)))
      expect(draw(0, 'max_steps')).toSatisfy((steps: number) => Number.isInteger(steps) && steps >= 1 && steps <= 1000)
      expect(draw(0, 'finish_probability')).toSatisfy((p: number) => p >= 0 && p <= 1)
      expect(draw(1, 'rag_chunks')).toSatisfy((n: number) => Number.isInteger(n) && n >= 1 && n <= 20)
    }),
  )
})
