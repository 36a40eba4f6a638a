import { type Quirk, quirkNames } from 'contract/quirks'
import { costOf } from '../packages/findings/src/prices.ts'
import { Catalog } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { drive } from 'engine/virtual/drive'
import { JsonWriter } from 'simulate/otlp/json'
import { begin, type PlayedRun } from 'simulate/play'
import { describe, expect, it, test } from 'vitest'
import { usageOf } from '../packages/findings/src/usage.ts'
import { decodeJson } from '../trace-inspector/src/otlp/json.ts'
import type { ReceivedSpan } from '../trace-inspector/src/otlp/span.ts'
import { toAnalysisStep } from '../trace-inspector/src/reveal/step.ts'
import { Trace } from '../trace-inspector/src/trace.ts'
import { verify } from '../trace-inspector/src/verify/verify.ts'

const catalog = new Catalog(scenarios, { delayMs: 10, errorRate: 0 })
const small = { fanout: '4', depth: '4', duration_s: '0.5', background_fanout: '2', human_delay_s: '0' }
const seeds = ['a', 'b', 'c', 'd']

/** A small run of a scenario whose model fails now and then, and the spans that its telemetry with these quirks makes of it. */
async function play(scenario: string, quirks: readonly Quirk[], seed: string, query: Record<string, string> = {}) {
  const offer = catalog.find(scenario)
  if (!offer) throw new Error(`no scenario ${scenario}`)
  const fitting = Object.fromEntries(Object.entries(small).filter(([name]) => Object.hasOwn(offer.schema.shape, name)))
  const asked = { ...fitting, llm_error_rate: '0.4', ...(quirks.length > 0 && { quirks: quirks.join() }), ...query }
  const parsed = catalog.parse(offer, asked)
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  const played: PlayedRun[] = []
  await drive([begin({ offer, params: parsed.params, seed, startMs: 1_760_000_000_000 })].values(), (run) => {
    played.push(run)
  })
  const run = played[0] as PlayedRun
  const ledger = run.ledger()
  if (!ledger.usage) throw new Error('no usage')
  return { run, ledger, spans: spansOf(run), truth: ledger.usage }
}

function spansOf(run: PlayedRun): ReceivedSpan[] {
  const spans: ReceivedSpan[] = []
  run.eachSpan((service, span) => {
    const writer = new JsonWriter({ 'service.name': service }, { name: 'agent-app', version: '0.1.0' })
    writer.add(span)
    spans.push(...decodeJson(Buffer.from(writer.take())).spans)
  })
  return spans
}

const readIn = (spans: readonly ReceivedSpan[]) => usageOf(spans.map((span) => toAnalysisStep(span, 0)))
const names = scenarios.map(({ name }) => name)
const mixtures: Quirk[][] = [
  [],
  ...quirkNames.map((name) => [name]),
  [...quirkNames],
  ['usage_repeated', 'retries_billed'],
]

describe.each(names)('tokens of %s', (scenario) => {
  it.each(mixtures.map((quirks) => [quirks.join() || 'without quirks', quirks] as const))(
    'are told as the ledger says, and read from spans alone: %s',
    async (_, quirks) => {
      for (const seed of seeds) {
        const { run, ledger, spans, truth } = await play(scenario, quirks, seed)
        const trace = new Trace(run.traceId)
        for (const span of spans) trace.add(span)
        const answer = { schema_version: 2 as const, trace_id: run.traceId, runs: [ledger], senders: [] }
        const { verdict, differences } = verify(answer, trace)
        expect({ verdict, differences }).toEqual({ verdict: 'complete', differences: [] })
        expect(truth.unreported_calls).toBe(0)
        const read = readIn(spans)
        if (read.unreported_calls === 0) expect(read).toEqual(truth)
        else {
          expect(quirks).toContain('stream_usage_missing')
          expect(read.output_tokens).toBeLessThan(truth.output_tokens)
        }
      }
    },
  )

  it('are the same for the model whatever its telemetry says of them, unless retries are billed', async () => {
    for (const seed of seeds) {
      const { truth } = await play(scenario, [], seed)
      for (const quirk of quirkNames) {
        const { truth: told } = await play(scenario, [quirk], seed)
        if (quirk !== 'retries_billed') expect(told).toEqual(truth)
        else {
          expect(told.billed_retries > 0).toBe(told.input_tokens > truth.input_tokens)
          expect(told.output_tokens).toBe(truth.output_tokens)
        }
      }
    }
  })

  it('add up to the last one', async () => {
    const { truth, ledger } = await play(scenario, [], 'a', { llm_error_rate: '0' })
    const chats = ledger.steps.flatMap(({ facts }) => (facts.operation === 'chat' ? [facts] : []))
    const sum = (name: 'input_tokens' | 'cached_tokens' | 'output_tokens') =>
      chats.reduce((total, facts) => total + (facts[name] ?? 0), 0)
    expect(truth).toMatchObject({
      calls: chats.length,
      input_tokens: sum('input_tokens'),
      cached_tokens: sum('cached_tokens'),
      output_tokens: sum('output_tokens'),
    })
    for (const parts of [truth.agents, truth.models])
      for (const name of ['calls', 'input_tokens', 'output_tokens'] as const)
        expect(Object.values(parts).reduce((total, part) => total + part[name], 0)).toBe(truth[name])
  })
})

test('a million tokens of each class cost what the table says, and a model without a price nothing that is known', () => {
  const none = { input_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, output_tokens: 0, reasoning_tokens: 0 }
  const million = 1_000_000
  const cost = (tokens: Partial<typeof none>) => (costOf('synthetic-llm-1', { ...none, ...tokens }) ?? 0) / 1e9
  expect(cost({ input_tokens: million })).toBe(3)
  expect(cost({ input_tokens: million, cached_tokens: million })).toBe(0.3)
  expect(cost({ input_tokens: million, cache_write_tokens: million })).toBe(3.75)
  expect(cost({ output_tokens: million, reasoning_tokens: million })).toBe(15)
  expect(costOf('another', none)).toBeNull()
})

test('each quirk changes what a sum over all spans says', async () => {
  const naive = (spans: readonly ReceivedSpan[]) =>
    spans.reduce(
      (sum, { attributes }) =>
        sum +
        Number(attributes['gen_ai.usage.input_tokens'] ?? 0) +
        Number(attributes['gen_ai.usage.output_tokens'] ?? 0),
      0,
    )
  const misleads: Record<Quirk, string> = {
    usage_repeated: 'react',
    usage_on_parent: 'stream',
    cache_beside: 'react',
    stream_usage_missing: 'stream',
    retries_billed: 'react',
  }
  for (const quirk of quirkNames) {
    const off: boolean[] = []
    for (const seed of seeds) {
      const { spans, truth } = await play(misleads[quirk], [quirk], seed, { profile: 'measured' })
      off.push(naive(spans) !== truth.input_tokens + truth.output_tokens)
    }
    // Whoever adds up all spans is right where the agent alone says it.
    expect(off.some(Boolean), quirk).toBe(quirk !== 'usage_on_parent')
  }
})
