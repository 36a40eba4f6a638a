import type { Key } from 'contract/key'
import type { RunLedger } from 'contract/ledger'
import { Catalog, type Offer, type ParamValues } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { drive, type Played } from 'engine/virtual/drive'
import type { AttributeValue, EndedSpan } from 'simulate/otlp/span'
import { begin, type PlayedRun } from 'simulate/play'

/** A span as whoever receives it has it. */
export interface SeenSpan extends Pick<
  EndedSpan,
  'spanId' | 'parentSpanId' | 'name' | 'kind' | 'startMs' | 'endMs' | 'links'
> {
  service: string
  attributes: ReadonlyMap<string, AttributeValue>
  hasFailed: boolean
  events: readonly string[]
}

/** A trace as it is received, and what only its run knows. */
export interface Trace {
  scenario: string
  traceId: string
  /** In the order in which they are sent. */
  spans: readonly SeenSpan[]
  ledger: RunLedger
  key: Key
}

const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })
const startMs = 1_760_000_000_000

/** A scenario, and its parameters as a query has them. */
export interface Wanted {
  scenario: string
  query: Record<string, string>
}

export function offered({ scenario, query }: Wanted): { offer: Offer; params: ParamValues } {
  const offer = catalog.find(scenario)
  if (!offer) throw new Error(`There is no scenario ${scenario}`)
  const parsed = catalog.parse(offer, query)
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return { offer, params: parsed.params }
}

/** Plays a run a seed, blind where there is a secret. */
export async function play(wanted: Wanted, seeds: readonly string[], secret?: string): Promise<Trace[]> {
  const { offer, params } = offered(wanted)
  const runs: Played<PlayedRun>[] = []
  function* all() {
    for (const [index, seed] of seeds.entries()) {
      const run = begin({ offer, params, seed, secret, startMs: startMs + index * 1000 })
      runs.push(run)
      yield run
    }
  }
  const traces: Trace[] = []
  await drive(all(), async (run) => {
    traces.push({
      scenario: wanted.scenario,
      traceId: run.traceId,
      spans: spansOf(run),
      ledger: run.ledger(),
      key: await run.key(),
    })
  })
  return traces
}

function spansOf({ eachSpan }: PlayedRun): SeenSpan[] {
  const seen: SeenSpan[] = []
  eachSpan((service, span) => {
    const { spanId, parentSpanId, name, kind, startMs, endMs, links, failure } = span
    const attributes = new Map<string, AttributeValue>()
    span.eachAttribute((key, value) => attributes.set(key, value))
    const events = span.events.map((event) => event.name)
    const hasFailed = failure !== undefined
    seen.push({ service, spanId, parentSpanId, name, kind, startMs, endMs, links, attributes, events, hasFailed })
  })
  return seen
}
