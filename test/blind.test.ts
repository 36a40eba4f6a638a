import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSaidBlind } from 'dialects/gen-ai/blind'
import { ati } from 'dialects/gen-ai/names'
import { businessNameOf } from 'engine/business'
import { decisionsOf } from 'engine/decisions'
import { scenarios } from 'engine/scenarios/index'
import { hidden } from './certificate/features.ts'
import { play, type SeenSpan, type Wanted } from './certificate/traces.ts'
import { type ReceivedSpan, type Receiver, startReceiver } from './support/receiver.ts'
import { exportingTo, type Pair, startPair } from './support/services.ts'

const secret = '5eed'.repeat(8)
const queries: Record<string, Record<string, string>> = {
  fanout: { fanout: '12', stragglers: '2', error_rate: '0.2' },
  chain: { depth: '5', error_rate: '0.1' },
  retry: { fanout: '12', error_rate: '0.4' },
  dag: { fanout: '8', error_rate: '0.1' },
  react: { max_steps: '6', slow_tool_probability: '0.4' },
  human: { human_delay_s: '0.2' },
  overflow: { steps: '3', context_window: '4096' },
  loop: { steps: '2', repeats: '3' },
  rag: { rag_chunks: '4' },
  stream: { duration_s: '1', background_fanout: '6', tool_delay_ms: '100', error_rate: '0.3', contention: '4' },
  cascade: { calls: '20', error_rate: '0.2' },
  silent: { lookups: '3', flaw: 'any' },
  hallucination: { lookups: '3', hallucination: 'any' },
}
const short = { delay_ms: '20', llm_delay_ms: '3' }
const wantedOf = (name: string): Wanted => ({
  scenario: name,
  query: { ...(name === 'stream' ? { ttft_ms: '20' } : short), ...queries[name], conversation_id: 'talk' },
})
/** What has harder levels has spans of its own there. */
const wanted: Wanted[] = scenarios.flatMap(({ name, levels }) => [
  wantedOf(name),
  ...(levels ? ['2', '3', '4'].map((level) => ({ scenario: name, query: { level } })) : []),
])

/** What names a scenario, a place in it, a fault or the experiment; tools and a stream's events are the world's. */
const telling =
  /fanout|fan-out|chain|retry-|dag\b|react|human_in|\brag\b|worker|planner|branch|aggregator|streamer|background(?!_started|_ended)|link\b|straggler|seed|scenario|blind|level|fault|planted|decoy|control|world|simulat(?!e$)/i

/** Words of others' conventions for what a span is, in whatever run; and who asked. */
const ofConventions = new Set(['openinference.span.kind', 'ati.span.kind', 'user_agent.original'])

/** What of all that a span says in letters tells something. */
function tellingOf(name: string, attributes: Iterable<[string, unknown]>, events: readonly string[]): string[] {
  const written = [...attributes].filter(([key]) => !ofConventions.has(key))
  const strange = written.flatMap(([key]) => (key.startsWith('ati.') && !said.has(key) ? [key] : []))
  const words = [name, ...events, ...written.map(([_key, value]) => JSON.stringify(value))]
  return [...strange, ...words.filter((text) => telling.test(text) || text.includes('hush'))]
}
const said = new Set<string>(
  Object.entries(isSaidBlind).flatMap(([name, is]) => (is ? ati[name as keyof typeof ati] : [])),
)

describe.each(wanted.map(({ scenario, query }) => ({ scenario, query, level: query.level ?? '1' })))(
  'a blind $scenario of level $level',
  ({ scenario, query }) => {
    const playOne = async (seed: string, key?: string) => (await play({ scenario, query }, [seed], key))[0]
    type Played = NonNullable<Awaited<ReturnType<typeof playOne>>>
    let blind: Played
    let open: Played
    beforeAll(async () => {
      blind = (await playOne('hush', secret)) as Played
      open = (await play({ scenario, query: replayed(blind) }, [blind.ledger.seed]))[0] as Played
    })
    const replayed = ({ ledger }: Played) => ({
      ...query,
      ...(ledger.params.world !== undefined && { world: String(ledger.params.world) }),
    })

    it('says nothing of what it is an example of', () => {
      for (const { name, attributes, events } of blind.spans) {
        expect(tellingOf(name, attributes, events)).toEqual([])
        expect(events).not.toContain('stall')
      }
    })

    it('has agents and a workflow with names of a business', () => {
      const named = (key: string) => new Set(blind.spans.map(({ attributes }) => attributes.get(key)))
      expect(named('gen_ai.workflow.name')).toEqual(new Set([undefined, 'support_case']))
      const agents = [...named('gen_ai.agent.name')].filter((name) => name !== undefined)
      expect(businesses).toEqual(expect.arrayContaining(agents))
      for (const id of named('ati.agent.id')) if (id !== undefined) expect(id).toMatch(/^[a-z_]+:(v1|[0-9a-f]{8})$/)
    })

    it('has no attribute that is there, or missing, with what is to blame alone', () => {
      const faults = blind.key.faults.filter(({ standing }) => standing !== 'neutral')
      const blamed = new Set(faults.flatMap(({ accepted }) => accepted.flat()))
      for (const [work, spans] of Map.groupBy(blind.spans, workOf)) {
        const [others = [], culprits = []] = [false, true].map((is) =>
          spans.filter((span) => blamed.has(span.spanId) === is),
        )
        if (culprits.length === 0 || others.length === 0) continue
        for (const name of new Set(spans.flatMap(({ attributes }) => [...attributes.keys()]))) {
          if (outcomes.has(name)) continue
          const shareOf = (some: readonly SeenSpan[]) =>
            some.filter(({ attributes }) => attributes.has(name)).length / some.length
          expect(Math.abs(shareOf(culprits) - shareOf(others)), `${work}: ${name}`).toBeLessThan(1)
        }
      }
    })

    it('is decided by its keyed seed, with which an open run decides the same', () => {
      expect(blind.ledger.seed).toMatch(/^[0-9a-f]{64}$/)
      const decided = ({ ledger }: Played) =>
        JSON.parse(JSON.stringify(decisionsOf(ledger.steps)).replaceAll(/"(agent|workflow)":"[^"]*"/g, '"$1":""'))
      expect(decided(blind)).toEqual(decided(open))
      const judged = ({ key }: Played) => key.faults.map(({ id, standing, impact }) => ({ id, standing, impact }))
      expect(judged(blind)).toEqual(judged(open))
    })

    it('has no id in common with a run of the same seed, open or with another secret', async () => {
      const others = [await playOne('hush'), await playOne('hush', 'ab'.repeat(16)), open]
      const own = idsOf(blind.spans)
      for (const [index, other] of others.entries()) {
        const shared = [...idsOf(other?.spans ?? [])].filter((id) => own.has(id))
        // The open run of the keyed seed has all of its draws.
        expect(shared.length > 0).toBe(index === 2)
      }
    })
  },
)

/** What a span is of; a streamed answer, which every run of its scenario has, is not as others are. */
const workOf = ({ kind, name, attributes }: SeenSpan) =>
  [kind, attributes.get('gen_ai.operation.name') ?? name, attributes.get('gen_ai.request.stream')].join(' ')
/** What came of a call: the symptom itself. */
const outcomes = new Set([
  ...hidden,
  'http.response.body.size',
  'gen_ai.tool.call.result',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'gen_ai.usage.reasoning.output_tokens',
  'ati.tool.call.id',
])

const businesses = ['planner', 'worker', 'aggregator', 'streamer', 'background'].map(businessNameOf)

/** Every id that is made of a run's chance. */
const idsOf = (spans: readonly SeenSpan[]) =>
  new Set(
    spans.flatMap(({ spanId, attributes }) => [
      spanId,
      ...['gen_ai.response.id', 'gen_ai.tool.call.id'].flatMap((key) => attributes.get(key) ?? []),
    ]),
  )

describe.each([
  ['our own SERVER spans', {}],
  ['those of the standard instrumentation', { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,express' }],
])('over HTTP, with %s', (_, env) => {
  let receiver: Receiver
  let pair: Pair
  beforeAll(async () => {
    receiver = await startReceiver()
    pair = await startPair({
      // Text that is drawn is the same each time: it may have any letters.
      RUN_SECRET: secret,
      ...exportingTo(receiver.url),
      ...env,
      OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
    })
  })
  afterAll(async () => {
    await pair.stop()
    await receiver.close()
  })

  /** All spans of a run: its request's comes last of the agent's, and each call has one of tool-service's. */
  async function spansOf(path: string, parameters: string): Promise<ReceivedSpan[]> {
    const response = await fetch(pair.agent.url + path, { headers: { 'x-run-parameters': parameters } })
    await response.text()
    const traceId = response.headers.get('x-trace-id')
    const spans = () => receiver.spans.filter(({ trace_id }) => trace_id === traceId)
    const isWhole = () => {
      const calls = spans().filter(({ kind, name }) => kind === 'client' && name === 'GET')
      const served = new Set(spans().flatMap(({ kind, parent_span_id }) => (kind === 'server' ? [parent_span_id] : [])))
      return served.has(null) && calls.every(({ span_id }) => served.has(span_id))
    }
    await expect.poll(isWhole).toBe(true)
    return spans()
  }

  it('no span has the seed of a run, and its URL is as it was otherwise', async () => {
    const spans = await spansOf(
      '/run?fanout=3&seed=who%20knows&seed=hush&delay_ms=1'.replace('who%20knows&seed=', ''),
      '',
    )
    const [root] = spans.filter(({ parent_span_id }) => parent_span_id === null)
    expect(root?.attributes['url.query']).toBe('fanout=3&delay_ms=1')
    expect(JSON.stringify(spans)).not.toContain('hush')
    const [alone] = (await spansOf('/run?seed=hush', 'fanout=2')).filter(
      ({ parent_span_id }) => parent_span_id === null,
    )
    expect(alone?.attributes['url.query'] ?? '').toBe('')
  })

  it.each(Object.entries(queries))(
    'a blind %s says nothing of what was asked for, tool-service neither',
    async (name, query) => {
      const isStream = name === 'stream'
      const asked = new URLSearchParams({
        ...(isStream ? { ttft_ms: '5' } : { scenario: name, ...short }),
        ...query,
        blind: 'true',
        seed: 'hush',
      })
      const spans = await spansOf(isStream ? '/stream' : '/run', asked.toString())
      for (const { name: spanName, attributes, events } of spans) {
        const written = events.map((event) => event.name)
        expect(tellingOf(spanName, Object.entries(attributes), written)).toEqual([])
        expect(attributes['url.query'] ?? '').toBe('')
      }
    },
  )
})
