import type { ScenarioName } from 'contract/scenarios'
import { Catalog, type Offer } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { drive } from 'engine/virtual/drive'
import { JsonWriter } from 'simulate/otlp/json'
import { ProtobufWriter } from 'simulate/otlp/protobuf'
import type { SpanWriter } from 'simulate/otlp/span'
import { agent, begin, type PlayedRun } from 'simulate/play'
import { describe, expect, it } from 'vitest'
import { spanFormulas } from './support/expectations.ts'
import { decodeJson } from '../trace-inspector/src/otlp/json.ts'
import { decodeProtobuf } from '../trace-inspector/src/otlp/protobuf.ts'
import type { ReceivedSpan } from '../trace-inspector/src/otlp/span.ts'
import { Trace } from '../trace-inspector/src/trace.ts'
import { verify } from '../trace-inspector/src/verify/verify.ts'

const catalog = new Catalog(scenarios, { delayMs: 80, errorRate: 0.05 })
const scope = { name: 'agent-app', version: '0.1.0' }

async function play(offer: Offer, seed: string, query: Record<string, string> = {}): Promise<PlayedRun> {
  const parsed = catalog.parse(offer, query)
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  const played: PlayedRun[] = []
  const begun = [begin({ offer, params: parsed.params, seed, startMs: 1_760_000_000_000 })]
  await drive(begun.values(), (run) => void played.push(run))
  return played[0] as PlayedRun
}

/** What arrives of a run that is written in this encoding, by span id. */
function received(run: PlayedRun, Writer: new (...of: ConstructorParameters<typeof JsonWriter>) => SpanWriter) {
  const writers = new Map<string, SpanWriter>()
  run.eachSpan((service, span) => {
    let writer = writers.get(service)
    if (!writer) writers.set(service, (writer = new Writer({ 'service.name': service }, scope)))
    writer.add(span)
  })
  const decode = Writer === ProtobufWriter ? decodeProtobuf : decodeJson
  const spans = [...writers.values()].flatMap((writer) => {
    const { rejected, spans } = decode(Buffer.from(writer.take()))
    expect(rejected).toBe(0)
    return spans
  })
  return new Map(spans.map((span) => [span.spanId, span]))
}

function assemble(spans: Iterable<ReceivedSpan>, id: string): Trace {
  const trace = new Trace(id)
  for (const span of spans) trace.add(span)
  return trace
}

describe.each(catalog.offers.map((offer) => [offer.scenario.name, offer] as const))('a simulated %s', (_, offer) => {
  it('arrives as its ledger says, in every encoding', async () => {
    const run = await play(offer, 'simulated')
    const ledger = run.ledger()
    const answer = { schema_version: 2 as const, trace_id: run.traceId, runs: [{ ...ledger, age_ms: 0 }], senders: [] }
    for (const Writer of [ProtobufWriter, JsonWriter]) {
      const trace = assemble(received(run, Writer).values(), run.traceId)
      const { verdict, differences } = verify(answer, trace)
      expect({ verdict, differences }).toEqual({ verdict: 'complete', differences: [] })
      expect(trace.services.has(agent.serviceName)).toBe(true)
    }
  })

  it('leaves traces that are complete by themselves, with all that others played of it', async () => {
    const run = await play(offer, 'simulated')
    const played = [run, ...run.parts]
    for (const [trace_id, parts] of Map.groupBy(played, ({ traceId }) => traceId)) {
      const spans = parts.flatMap((part) => [...received(part, ProtobufWriter).values()])
      expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length)
      const runs = parts.map((part) => ({ ...part.ledger(), age_ms: 0 }))
      const { verdict, differences } = verify(
        { schema_version: 2, trace_id, runs, senders: [] },
        assemble(spans, trace_id),
      )
      expect({ verdict, differences }).toEqual({ verdict: 'complete', differences: [] })
    }
    expect(run.parts.length > 0).toBe(offer.scenario.isSession === true)
  })

  it.each(['own', 'off'])('has as many spans as its formula says, with faults=%s', async (faults) => {
    for (const seed of ['a', 'b', 'c']) {
      const run = await play(offer, seed, offer.scenario.name === 'retry' ? { faults } : { faults, error_rate: '0' })
      const { params, steps } = run.ledger()
      const attempts = steps.filter(({ facts }) => facts.operation === 'http_client').length
      const counts = { agent_app: 0, tool_service: 0 }
      const callsOf = (operation: string) => steps.filter(({ facts }) => facts.operation === operation).length
      for (const part of [run, ...run.parts.filter(({ traceId }) => traceId === run.traceId)])
        part.eachSpan((service) => counts[service === 'synthetic-tool-service' ? 'tool_service' : 'agent_app']++)
      const [tool_calls, llm_calls] = [callsOf('execute_tool') + callsOf('retrieval'), callsOf('chat')]
      const summary = { tool_calls, llm_calls, retries: attempts - tool_calls }
      expect(counts).toEqual(spanFormulas[offer.scenario.name as ScenarioName](params, summary))
      expect((await run.key()).verdict === 'healthy' || faults === 'own').toBe(true)
    }
  })

  it('is altered when the spans of its tools have lost their time', async () => {
    const run = await play(offer, 'damaged')
    const answer = {
      schema_version: 2 as const,
      trace_id: run.traceId,
      runs: [{ ...run.ledger(), age_ms: 0 }],
      senders: [],
    }
    const spans = [...received(run, JsonWriter).values()]
    // What is refused at once has no time to lose.
    const isTool = (span: ReceivedSpan) => span.name === 'GET /tool/:tool_name' && span.endMs !== span.startMs
    const damaged = spans.map((span) => (isTool(span) ? { ...span, endMs: span.startMs } : span))
    const { verdict, counts } = verify(answer, assemble(damaged, run.traceId))
    expect({ verdict, changed: counts.time_changed }).toEqual({
      verdict: 'altered',
      changed: spans.filter(isTool).length,
    })
  })

  it('is the same in JSON and in protobuf', async () => {
    const run = await play(offer, 'encodings')
    expect(received(run, ProtobufWriter)).toEqual(received(run, JsonWriter))
  })

  it('is the same for the same seed, and another for another', async () => {
    const [one, again, other] = [await play(offer, 'a'), await play(offer, 'a'), await play(offer, 'b')]
    expect(received(again, JsonWriter)).toEqual(received(one, JsonWriter))
    expect([...received(other, JsonWriter).keys()]).not.toEqual([...received(one, JsonWriter).keys()])
  })
})
