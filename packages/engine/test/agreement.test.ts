import { genAi } from 'dialects/gen-ai/dialect'
import { compareWithKey } from 'findings/planted'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { fc } from '../../../test/support/properties.ts'
import { simulate } from '../../../test/support/simulated.ts'
import { findingOf } from '../src/finding.ts'
import { keyOf } from '../src/key/key.ts'
import { commonParams } from '../src/scenario.ts'
import { scenarios } from '../src/scenarios/index.ts'

type Query = Record<string, string | number>
type Bounds = Record<string, fc.Arbitrary<string | number>>

const count = (max: number, min = 1) => fc.integer({ min, max })
const rate = fc.constantFrom(0, 0.05, 0.2, 0.5, 1)
const factor = fc.constantFrom(1, 10, 30)

/** How far each parameter goes that is neither a word of a few nor yes or no: of those all are tried. */
const bounds: Bounds = {
  seed: fc.stringMatching(/^[a-z]{1,8}$/),
  // What takes no time has no order, and what ends as something else begins has none either.
  delay_ms: fc.constantFrom(20, 80, 300),
  tool_delay_ms: fc.constantFrom(23, 110, 430),
  ttft_ms: fc.constantFrom(11, 310),
  token_interval_ms: fc.constantFrom(7, 19, 53),
  llm_delay_ms: fc.constantFrom(5, 30, 600),
  // A call is slow over three times what is usual, and over 25 ms more: planted are ten times as long, or none.
  straggler_factor: factor,
  slow_tool_factor: factor,
  // What varies by itself stays below that.
  jitter: fc.constantFrom(0, 0.1, 0.3),
  // Where many are slow none stands out, and a model that is slow in every call looks like a slower one.
  faults: fc.constantFrom('own', 'off', 'own,straggler:10', 'own,failing_tool:mail:0.7', 'failing_model:0.3'),
  stragglers: count(2, 0),
  error_rate: rate,
  // Where nobody answers there is little to be seen.
  llm_error_rate: fc.constantFrom(0, 0, 0.1, 0.5),
  fanout: count(30),
  depth: count(30),
  concurrency: count(30),
  thoughts: count(3, 0),
  max_retries: count(4, 0),
  backoff_ms: fc.constantFrom(0, 20, 200),
  backoff_max_ms: fc.constantFrom(0, 500),
  retry_after_max_ms: fc.constantFrom(0, 60_000),
  faulty_tools: count(5, 0),
  max_steps: count(20),
  finish_probability: rate,
  slow_tool_probability: rate,
  human_delay_s: fc.constantFrom(0, 0.5, 5),
  rag_chunks: count(30),
  rag_chunk_size_kb: count(8),
  ms_per_kb: fc.constantFrom(0, 1, 20),
  duration_s: fc.constantFrom(0.1, 0.5, 2),
  background_fanout: count(20, 0),
  // A stream is slow where a token takes over 1.25 times as long.
  contention: fc.constantFrom(0, 0.5, 1, 3),
  hops: count(5),
  severed: count(2, 0),
  steps: count(12, 2),
  repeats: count(8, 0),
  context_window: fc.constantFrom(32_768, 200_000),
  fill: fc.constantFrom(0, 0.5, 1, 1.5, 3),
  agents: count(8),
  calls: count(60),
  capacity: count(8),
  capacity_left: count(3),
  queue: count(10, 0),
  load: fc.constantFrom(0.3, 0.6, 0.9),
  lookups: count(10),
  flaws: count(3, 0),
  hallucinations: count(3, 0),
}
/** What stays as it is unless asked for. */
const leftOut: Readonly<Record<string, string>> = {
  profile: 'as in production, some calls are slow by nature',
  capture_content: 'without it nobody can see what was asked and answered',
  level: 'at level 1 alone a rule knows what there may be',
  control: 'only with a level above',
  world: 'only with a level above',
  quirks: 'decides nothing',
  conversation_id: 'decides nothing',
}
/** Where that is too far. */
const held: Readonly<Record<string, Bounds>> = {
  // One token may be all there is to be seen, and no draw is 1.25 times what is usual.
  stream: { jitter: fc.constantFrom(0, 0.1) },
}
/** A parameter, and the one that it may not exceed. */
const atMost = {
  stragglers: 'fanout',
  flaws: 'lookups',
  hallucinations: 'lookups',
  severed: 'hops',
  capacity_left: 'capacity',
}

/** What a scenario may be asked for here: what it does not take by itself it takes as all others do. */
function queries({ name: scenario, params, without = [] }: (typeof scenarios)[number]): fc.Arbitrary<Query> {
  const common = Object.entries(commonParams({ delayMs: undefined, errorRate: 0 }))
  const takes = { ...Object.fromEntries(common.filter(([name]) => !without.some((left) => left === name))), ...params }
  const tried = Object.entries(takes).filter(([name]) => !Object.hasOwn(leftOut, name))
  const drawn = Object.fromEntries(
    tried.map(([name, schema]) => [name, held[scenario]?.[name] ?? boundsOf(name, schema)]),
  )
  return fc.record(drawn).map((query) => {
    for (const [name, most] of Object.entries(atMost))
      if (Number(query[name]) > Number(query[most])) query[name] = query[most] as number
    return query
  })
}

function boundsOf(name: string, schema: z.core.$ZodType): fc.Arbitrary<string | number> {
  const { enum: words, type } = z.toJSONSchema(schema, { io: 'input' })
  if (words) return fc.constantFrom(...words.map(String))
  if (type === 'boolean') return fc.constantFrom('true', 'false')
  const known = bounds[name]
  if (!known) throw new Error(`${name} is a parameter without bounds in this test, and is not left out`)
  return known
}

/** A run with what it handed over, and what it went on as: each with its key, and with what its finding points at. */
async function play(scenario: (typeof scenarios)[number], query: Query) {
  const { run, result, goOn } = await simulate(scenario.name, query)
  const parts = (await goOn()).map((part) => ({ run: part, finding: findingOf(scenario.finding, part.ledger, genAi) }))
  const all = [{ run, finding: result.finding }, ...parts]
  return Promise.all(all.map(async ({ run, finding }) => ({ run, finding, key: await keyOf(run) })))
}

/** A key of many calls has many faults, with replays of each. */
const manyAtOnce: ReadonlySet<string> = new Set(['fanout', 'retry', 'dag', 'cascade'])

test.each(scenarios)('key and finding of $name agree, whatever it is asked for', async (scenario) => {
  await fc.assert(
    fc.asyncProperty(queries(scenario), async (query) => {
      const played = await play(scenario, query)
      const spans = new Set(played.flatMap(({ run }) => run.ledger.steps.map(({ span_id }) => span_id)))
      for (const { key, finding } of played) {
        for (const { id, standing, accepted } of key.faults) {
          expect(
            accepted.flat().filter((span) => !spans.has(span)),
            id,
          ).toEqual([])
          if (standing === 'required')
            expect(
              accepted.map(({ length }) => length),
              id,
            ).not.toContain(0)
        }
        const { missed, not_planted, text } = compareWithKey(key, finding.observed.span_ids)
        expect({ missed, not_planted }, `${finding.text}; ${text}`).toEqual({ missed: [], not_planted: [] })
      }
    }),
    { numRuns: manyAtOnce.has(scenario.name) ? 15 : 50 },
  )
})
