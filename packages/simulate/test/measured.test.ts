import type { LedgerStep } from 'contract/ledger'
import { Catalog } from 'engine/catalog'
import { readMix } from 'engine/mix/read'
import { scenarios } from 'engine/scenarios/index'
import { toolNames } from 'engine/tools'
import { drive } from 'engine/virtual/drive'
import { beforeAll, describe, expect, test } from 'vitest'
import { Asking } from '../src/asked.ts'
import { planWithin } from '../src/limits.ts'
import { begin } from '../src/play.ts'

const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })
/** A day of agents in which nothing goes wrong but models: loops and batches that use all five tools, and people, who are asked about two of them. */
const mix = readMix(
  `
rate: 0.14/s
profile: measured
runs:
  - {
      scenario: react,
      weight: 25,
      params: { max_steps: { lognormal: [10, 0.5], max: 60 }, slow_tool_probability: 0 },
      planted: true,
    }
  - { scenario: fanout, weight: 5, params: { fanout: { choice: [5, 10, 20] }, stragglers: 0 }, planted: true }
  - { scenario: human, weight: 70, planted: true }
`,
  'a day',
  catalog,
)
const start = Date.parse('2026-01-31T00:00:00Z')

/** What was measured in it, in s where it is a time. */
const day = {
  tools: new Map(toolNames.map((tool) => [tool, [] as number[]])),
  models: [] as number[],
  /** Of attempts of model calls: those that failed, by what with. */
  failures: [] as (string | null)[],
  attempts: 0,
  people: [] as number[],
  output: [] as number[],
  input: 0,
  cached: 0,
}

function measure(steps: readonly LedgerStep[]): void {
  for (const { facts, status, error_type, duration_ms } of steps) {
    const seconds = (duration_ms ?? Number.NaN) / 1000
    switch (facts.operation) {
      case 'execute_tool':
        day.tools.get(facts.tool)?.push(seconds)
        break
      case 'http_client':
        if (facts.method !== 'POST') break
        day.attempts++
        if (status === 'error') day.failures.push(error_type)
        else day.models.push(seconds)
        break
      case 'chat':
        if (facts.output_tokens === undefined) break
        // The attempt was answered, and the answer withheld.
        if (facts.finish_reason === 'content_filter') day.failures.push('content_filter')
        day.output.push(facts.output_tokens)
        day.input += facts.input_tokens ?? 0
        day.cached += facts.cached_tokens ?? 0
        break
      case 'human_feedback':
        day.people.push(seconds)
    }
  }
}

beforeAll(async () => {
  const asking = new Asking(catalog, start)
  function* runs() {
    for (const { runs } of planWithin(mix, 'a day', 0, { durationMs: 86_400_000 }))
      for (const run of runs) yield begin(asking.of(run))
  }
  await drive(runs(), (run) => measure(run.ledger().steps))
  for (const values of [...day.tools.values(), day.models, day.people, day.output]) values.sort((a, b) => a - b)
})

const at = (sorted: readonly number[], share: number) => sorted[Math.floor(share * sorted.length)] as number
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)

/** Calls of all five tools, each tool as much of them as another, however often it was called; in order of time. */
function allTools(): { seconds: number; weight: number }[] {
  const calls = [...day.tools.values()].flatMap((times) =>
    times.map((seconds) => ({ seconds, weight: 1 / (day.tools.size * times.length) })),
  )
  return calls.sort((a, b) => a.seconds - b.seconds)
}
/** How long a call of them takes that this share is quicker than. */
function atOfAll(share: number): number {
  let passed = 0
  return allTools().find(({ weight }) => (passed += weight) > share)?.seconds as number
}
const slowOnes = () => allTools().filter(({ seconds }) => seconds > 60)
const timeOf = (calls: ReturnType<typeof allTools>) => sum(calls.map(({ seconds, weight }) => seconds * weight))
const medianOf = (tool: string) => at(day.tools.get(tool) as number[], 0.5)

describe('24 virtual hours of the measured profile have the quantiles of its table, within 10 %:', () => {
  const rows: Record<string, () => [measured: number, published: number]> = {
    'tool calls, median 0.3 s': () => [atOfAll(0.5), 0.3],
    'tool calls, p90 13.6 s': () => [atOfAll(0.9), 13.6],
    'tool calls over a minute, 4 %': () => [sum(slowOnes().map(({ weight }) => weight)), 0.04],
    'their share of the time, 85 %': () => [timeOf(slowOnes()) / timeOf(allTools()), 0.85],
    'search, median 0.39 s': () => [medianOf('search'), 0.39],
    'database, median 0.24 s': () => [medianOf('database'), 0.24],
    'calculator, median 0.08 s': () => [medianOf('calculator'), 0.08],
    'calendar, median 0.31 s': () => [medianOf('calendar'), 0.31],
    'mail, median 0.55 s': () => [medianOf('mail'), 0.55],
    'model calls, median 5.7 s': () => [at(day.models, 0.5), 5.7],
    'model calls, p90 22 s': () => [at(day.models, 0.9), 22],
    'output, median 200 tokens': () => [at(day.output, 0.5), 200],
    'output, p99 3,200 tokens': () => [at(day.output, 0.99), 3200],
    'input from a cache, 96 %': () => [day.cached / day.input, 0.96],
    'model calls that fail, 3 %': () => [day.failures.length / day.attempts, 0.03],
    'of these at a rate limit, half': () => [
      day.failures.filter((type) => type === '429').length / day.failures.length,
      0.5,
    ],
    'people, median 1.4 min': () => [at(day.people, 0.5), 84],
    'people, p90 20 min': () => [at(day.people, 0.9), 1200],
  }
  test.each(Object.entries(rows))('%s', (_, row) => {
    const [measured, published] = row()
    expect(Math.abs(measured / published - 1), `${measured} for ${published}`).toBeLessThan(0.1)
  })

  // Of some 8,500 people in a day 85 take longer: a standard error of 15 %, where the distribution is that wide.
  test('people, p99 14 h, within three standard errors of 15 %', () => {
    expect(day.people.length).toBeGreaterThan(8000)
    expect(Math.abs(Math.log(at(day.people, 0.99) / 50_400))).toBeLessThan(0.45)
  })
})
