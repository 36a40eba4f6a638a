import { Catalog } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { drive, type Played } from 'engine/virtual/drive'
import { JsonWriter } from 'simulate/otlp/json'
import { agent, begin, type PlayedRun } from 'simulate/play'

/** Runs in virtual time, with what others played of them: their spans as OTLP JSON lines, and their ledgers, a line each. */
export interface SimulatedFile {
  spans: Buffer
  ledgers: Buffer
  traceIds: string[]
  spanCount: number
}

const startMs = Date.UTC(2026, 0, 1, 9)
const catalog = new Catalog(scenarios, { delayMs: 80, errorRate: 0 })

/** Plays `runs` of each scenario; what was made by one service for `runsALine` of them stands in one line. */
export async function simulateFile(
  names: readonly string[] = scenarios.map(({ name }) => name),
  { runs = 1, runsALine = 1, query = {} as Record<string, string> } = {},
): Promise<SimulatedFile> {
  const writers = new Map<string, JsonWriter>()
  const lines: Uint8Array[] = []
  const ledgers: string[] = []
  const traceIds = new Set<string>()
  let spanCount = 0

  function* played(): Generator<Played<PlayedRun>> {
    for (let run = 0; run < runs; run++)
      for (const name of names) {
        const offer = catalog.find(name)
        const parsed = offer && catalog.parse(offer, query)
        if (!parsed || 'faults' in parsed) throw new Error(`no ${name} with ${JSON.stringify(query)}`)
        yield begin({ offer, params: parsed.params, seed: `${name} ${run}`, startMs: startMs + run * 1000 })
      }
  }
  const flush = () => lines.push(...Array.from(writers.values(), (writer) => writer.take()))
  let ended = 0
  await drive(played(), (run) => {
    for (const { traceId, eachSpan, ledger } of [run, ...run.parts]) {
      eachSpan((service, span) => {
        const writer = writers.get(service) ?? new JsonWriter({ 'service.name': service }, { name: agent.serviceName })
        writers.set(service, writer)
        writer.add(span)
        spanCount++
      })
      traceIds.add(traceId)
      ledgers.push(`${JSON.stringify(ledger())}\n`)
    }
    if (++ended % runsALine === 0) flush()
  })
  flush()
  return { spans: Buffer.concat(lines), ledgers: Buffer.from(ledgers.join('')), traceIds: [...traceIds], spanCount }
}
