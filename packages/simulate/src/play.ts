import { Random } from 'contract/random'
import type { RunLedger } from 'contract/ledger'
import { genAi } from 'dialects/gen-ai/dialect'
import { errorType, http } from 'dialects/gen-ai/names'
import type { Offer, ParamValues } from 'engine/catalog'
import { type Agent, Run } from 'engine/run'
import { VirtualClock } from 'engine/virtual/clock'
import type { Played } from 'engine/virtual/drive'
import { type Served, toolService, VirtualTools } from 'engine/virtual/tools'
import type { OpenSpan } from 'engine/ports'
import { type FinishedSpan, spanKind } from './otlp/span.ts'
import { recordVirtually, VirtualSpan } from './recorder.ts'

/** A run to be played, with everything about it decided. */
export interface Asked {
  offer: Offer
  params: ParamValues
  seed: string
  startMs: number
}

/** What came of it. */
export interface PlayedRun {
  /** In order of their ends, with the service that made each. */
  spans: { service: string; span: FinishedSpan }[]
  ledger: () => RunLedger
}

export const agent: Agent = { serviceName: 'synthetic-agent-app', agentName: undefined, captureContent: false }
const host = { address: 'agent-app', port: 8080 }

/** Begins a run in virtual time; it goes on as its clock is advanced. */
export function begin({ offer, params, seed, startMs }: Asked): Played<PlayedRun> {
  const clock = new VirtualClock(startMs)
  // An id's own generator: no draw of the run's moves for it.
  const ids = new Random(`${seed} ${offer.scenario.name} spans`)
  const spans: PlayedRun['spans'] = []
  const { path } = offer.scenario
  const query = queryOf(offer, params)
  const recorder = recordVirtually(
    {
      id: ids.hex(32),
      dialect: genAi,
      ids,
      service: agent.serviceName,
      finish: (service, span) => spans.push({ service, span }),
    },
    {
      name: `GET ${path}`,
      startMs,
      attributes: {
        [http.route]: path,
        ...serverAttributes(path, host),
        ...(query !== '' && { [http.urlQuery]: query }),
        [http.userAgent]: 'simulate',
      },
    },
  )
  const tools = new VirtualTools(clock, new Random(`${seed} ${offer.scenario.name} network`), serve)
  const run = new Run({ clock, tools, recorder }, agent, {
    route: path,
    scenario: offer.scenario,
    params: { ...params, seed },
  })
  const result = run.execute().then(() => {
    recorder.request.set({ [http.statusCode]: 200 })
    recorder.request.end(clock.now())
    run.close()
    return { spans, ledger: () => run.toLedger() }
  })
  return { clock, result }
}

/** The SERVER span of a call, as tool-service writes it. */
function serve({ tool, startMs, endMs, failed }: Served, below: OpenSpan): void {
  if (!(below instanceof VirtualSpan)) return
  const path = `/tool/${encodeURIComponent(tool)}`
  below.finishRemote(toolService, {
    name: 'GET /tool/:tool_name',
    kind: spanKind.server,
    startMs,
    endMs,
    attributes: {
      [http.route]: '/tool/:tool_name',
      ...serverAttributes(path, { address: 'tool-service', port: 8081 }),
      [http.statusCode]: failed ? 503 : 200,
      ...(failed && { [errorType]: '503' }),
    },
    events: [],
    links: [],
    failure: failed ? '' : undefined,
  })
}

function serverAttributes(path: string, { address, port }: { address: string; port: number }) {
  return {
    [http.method]: 'GET',
    [http.urlScheme]: 'http',
    [http.urlPath]: path,
    [http.serverAddress]: address,
    [http.serverPort]: port,
    [http.protocolVersion]: '1.1',
  }
}

/** As it would stand in the request's span: what was asked for, but for the seed. */
function queryOf({ scenario }: Offer, params: ParamValues): string {
  const query = new URLSearchParams(scenario.path === '/run' ? { scenario: scenario.name } : {})
  for (const [name, value] of Object.entries(params)) query.set(name, String(value))
  return query.toString()
}
