import type express from 'express'
import type { Request, Response } from 'express'
import { handoffPath } from 'contract/handoff'
import { type LedgerAnswer, ledgerSchemaVersion, type RunLedger } from 'contract/ledger'
import type { Run } from 'engine/run'
import { answerBody, readAnswer, refuseBody } from 'service-kit/answer-body'
import { createServiceApp, refuseLeft, sendPieces } from 'service-kit/app'
import { showsToken } from 'service-kit/bearer'
import { notFromOtherSites, only, onlyRead } from 'service-kit/doors'
import { badQuery, Problem } from 'service-kit/problem'
import type { Metrics } from 'service-kit/metrics'
import type { Lifecycle } from 'service-kit/serve'
import { traced } from 'service-kit/traced'
import { Admission } from './admission.ts'
import { type Asked, readAsked } from './asked.ts'
import { Catalog, type Offer, ownPathOf, pathOf } from 'engine/catalog'
import type { LedgerSink } from './ledger-sink.ts'
import { ledgerPieces } from './ledger-pieces.ts'
import { answerHandoff, contextFromMeta, handoffBody, readHandoff, refuseHandoff } from './handoff.ts'
import { openApi } from './openapi.ts'
import { Keys } from './keys/keys.ts'
import { answerOnce, openStream } from './output.ts'
import { play, type PlayDeps, type RunDeps } from './play.ts'
import { prefersAsync, RunStatus } from './run-status.ts'
import type { Defaults, Scenario } from 'engine/scenario'
import { Resumptions } from './resumptions.ts'
import { RunStore } from './runs.ts'
import { Seals } from './seals.ts'
import { type SpanSource, SpansOut } from './spans-out.ts'

export interface Deps extends RunDeps, SpanSource {
  /** This process among those of its service. */
  instance: string
  metrics: Metrics
  /** Takes the ledgers of runs that are over, too. */
  ledgerSink?: LedgerSink | undefined
  /** Names that requests may give in `Host`, beside those that a service has anyway. */
  allowedHosts: readonly string[]
  /** What can be run here. */
  scenarios: readonly Scenario[]
  defaults: Defaults
  /** Tool calls that all runs together may declare. */
  maxToolCalls: number
  /** What the ledgers of recent runs may take, bytes. */
  maxLedgerBytes: number
  /** The agent that is handed over to; this one where none is set. */
  peerBase: string | undefined
  /** 0 is for ever. */
  runTimeoutMs: number
  lifecycle: Lifecycle
  /** Whoever shows it reads what is sealed; nobody where it is not set. */
  answersToken: string | undefined
  /** Where the tools are, and whether they are there. */
  toolsOrigin: string
  areToolsReady: () => Promise<boolean>
  /** A line for each run. */
  log: (line: string) => void
}

export interface AgentApp {
  app: express.Express
  /** Runs that are under way. */
  inFlight: () => number
}

/** The agents: `GET /run` and `GET /stream` play a scenario. Listens to nothing. */
export function createApp(deps: Deps): AgentApp {
  const { lifecycle } = deps
  const catalog = new Catalog(deps.scenarios, deps.defaults)
  const admission = new Admission(deps.maxToolCalls)
  const handedOver = new Admission(deps.maxToolCalls)
  const inFlight = () => admission.runs + handedOver.runs
  const runs = new RunStore(deps.maxLedgerBytes)
  const spansOut = new SpansOut(deps)
  const resumptions = new Resumptions(deps)
  const status = new RunStatus(resumptions)
  const seals = new Seals(() => deps.clock.now())
  const keys = new Keys()
  const playDeps: PlayDeps = {
    ...deps,
    catalog,
    admission,
    handedOver,
    resumptions,
    runs,
    keys,
    seals,
    count: countRuns(deps, inFlight),
    closed(run) {
      spansOut.closed(run)
      deps.ledgerSink?.add(run, async () => {
        await keys.ask(run)
        return saltedLedger(run)
      })
    },
  }

  /** Runs that an answer may name: a 404 problem where there are none. */
  const runsOf = (req: Request) => runs.of(String(req.params.trace_id))
  const isShownAll = (req: Request) => showsToken(req, deps.answersToken)

  const saltedLedger = (run: Run): RunLedger => ({
    ...run.toLedger(),
    ...(run.isBlind && { key_salt: seals.sealOf(run)?.salt }),
  })

  function ledgerOf(req: Request): LedgerAnswer {
    const found = runsOf(req)
    for (const run of found) void keys.ask(run)
    if (!isShownAll(req)) seals.refuseSealed(found)
    const ledgers = found.map((run) => ({
      ...saltedLedger(run),
      ...(seals.isSealed(run) && { sealed: true }),
    }))
    const trace_id = String(req.params.trace_id)
    return { schema_version: ledgerSchemaVersion, trace_id, runs: ledgers, senders: [spansOut.of(found)] }
  }

  function recentRuns(req: Request) {
    const isShown = isShownAll(req)
    return runs.recent(100).map((run) => (!isShown && seals.isSealed(run) ? sealedSummary(run) : run.summary))
  }

  async function openByAnswer(req: Request, res: Response): Promise<void> {
    readAnswer(req.body)
    // What is opened is to have its key.
    await Promise.all(runsOf(req).map((run) => keys.ask(run)))
    // That may have taken longer than whoever answered was ready to wait: the one answer is not used up for nobody.
    refuseLeft(req, res)
    // Another run may have joined the trace by now.
    seals.answer(runsOf(req))
    await sendPieces(req, res, ledgerPieces(ledgerOf(req)))
  }

  function playRun(req: Request, res: Response): Promise<void> {
    const { query: asked, isBlind } = readAsked(req)
    const { scenario: name = 'fanout', ...query } = asked
    if (Array.isArray(name)) {
      throw badQuery([{ parameter: 'scenario', value: name.join(', '), expected: 'to be given once' }])
    }
    return playFor(req, res, offerOf(catalog, name || 'fanout'), { query, isBlind })
  }

  function playOffer(offer: Offer) {
    const own = offer.scenario.path === '/stream' ? undefined : offer.scenario.name
    return (req: Request, res: Response): Promise<void> => playFor(req, res, offer, readAsked(req, own))
  }

  async function playFor(req: Request, res: Response, offer: Offer, asked: Asked): Promise<void> {
    const { name, path } = offer.scenario
    const once = () => (prefersAsync(req) ? status.output(res) : answerOnce(res))
    try {
      await play(playDeps, offer, asked, { req, res, output: path === '/stream' ? openStream(req, res) : once() })
    } catch (error) {
      if (error instanceof Problem && error.status === 503)
        playDeps.count({ scenario: asked.isBlind ? 'blind' : name, outcome: 'refused' })
      throw error
    }
  }

  /** Another agent hands over. */
  async function takeOver(req: Request, res: Response): Promise<void> {
    const { id, scenario, asked } = readHandoff(req.body)
    await play(playDeps, offerOf(catalog, scenario), asked, { req, res, output: answerHandoff(res, id) })
  }

  const index = {
    'GET /run?scenario=…': 'Runs a scenario; fanout unless another is named',
    'GET /run/:scenario': 'The same, at a path of its own for each scenario',
    'GET /stream': 'Streams tokens while tools run: lines, or events where the client accepts text/event-stream',
    'POST /mcp': 'Takes over from another agent: a part of a run that it has begun',
    'GET /scenarios': 'What can be run, with every parameter; text/plain for shells',
    'GET /runs': 'Recent runs',
    'GET /runs/:trace_id': 'The ledger of a run: all that it did, and what was injected',
    'GET /runs/:trace_id/status': 'Whether it is over, and its answer where the request said Prefer: respond-async',
    'POST /runs/:trace_id/answer':
      'Takes the one answer to a trace, which opens it where it is sealed: { "span_ids": [...] }',
    'GET /telemetry': 'What happened to the spans of this process',
    'GET /metrics': 'Runs, spans and the process itself, in Prometheus text',
    'GET /openapi.json': 'All of this as OpenAPI 3.1',
    'GET /health': 'Whether the process lives',
    'GET /ready': 'Whether it takes runs: 503 without tool-service, and while it stops',
  }
  const plays = {
    '/run': playRun,
    ...Object.fromEntries(catalog.offers.map((offer) => [ownPathOf(offer.scenario), playOffer(offer)])),
  }
  const answers: Record<string, (req: Request, res: Response) => unknown> = {
    '/': (_req, res) =>
      res.json({
        service: deps.serviceName,
        agent: deps.agentName ?? null,
        instance: deps.instance,
        endpoints: index,
        scenarios: deps.scenarios.map(pathOf),
      }),
    '/scenarios': (req, res) =>
      req.accepts(['json', 'text']) === 'text'
        ? res.type('text/plain').send(catalog.listText())
        : res.json({ scenarios: catalog.list() }),
    '/runs': (req, res) => res.json({ forgotten: runs.forgotten, runs: recentRuns(req) }),
    '/runs/:trace_id': (req, res) => sendPieces(req, res, ledgerPieces(ledgerOf(req))),
    '/runs/:trace_id/status': (req, res) => {
      const found = runsOf(req)
      const isShown = (run: Run) => isShownAll(req) || !seals.isSealed(run)
      res.json(status.of(String(req.params.trace_id), found, { isAnswered: seals.isAnswered(found), isShown }))
    },
    '/metrics': deps.metrics.answer,
    '/telemetry': (_req, res) =>
      res.json({
        ...deps.spanCounters(),
        destinations: deps.telemetry.destinations().map(({ endpoint, counters }) => ({ endpoint, ...counters })),
        ...(deps.ledgerSink && { ledger_sink: deps.ledgerSink.counters }),
      }),
    '/openapi.json': (_req, res) => res.json(openApi(catalog)),
    '/health': (_req, res) => res.json({ status: 'ok', service: deps.serviceName, in_flight: inFlight() }),
    '/ready': async (_req, res) => {
      if (lifecycle.stopping.aborted) throw new Problem(503, 'Not ready', 'This process is stopping')
      if (!(await deps.areToolsReady()))
        throw new Problem(503, 'Not ready', `There is no tool-service at ${deps.toolsOrigin}`)
      res.json({ status: 'ready' })
    },
  }
  const app = createServiceApp(deps.allowedHosts, (app) => {
    const tracing = traced(deps.tracer, deps.clock)
    // It may have any characters, a header may not.
    const instance = encodeURI(deps.instance)
    app.use((_req, res, next) => {
      res.setHeader('x-agent-instance', instance)
      next()
    })
    for (const [path, run] of Object.entries(plays))
      app.route(path).all(only('GET'), notFromOtherSites).get(tracing, run)
    // All that there are have been routed: this says which they are.
    app.get('/run/:scenario', (req, _res, next) => {
      offerOf(catalog, req.params.scenario)
      next()
    })
    app
      .route(handoffPath)
      .all(only('POST'), notFromOtherSites)
      .post(handoffBody, refuseHandoff, contextFromMeta, tracing, takeOver)
    app.route('/runs/:trace_id/answer').all(only('POST'), notFromOtherSites).post(answerBody, refuseBody, openByAnswer)
    for (const [path, answer] of Object.entries(answers)) app.route(path).all(onlyRead).get(answer)
  })
  return { app, inFlight }
}

/** Counts runs by what comes of them, and says how many there are and what becomes of their spans. */
function countRuns({ metrics, telemetry, ledgerSink }: Deps, inFlight: () => number): PlayDeps['count'] {
  metrics.value({ name: 'runs_in_flight', help: 'Runs that are under way' }, inFlight)
  metrics.spans(() => telemetry.destinations())
  if (ledgerSink) {
    const named = { name: 'ledgers_total', help: 'Ledgers by what became of them at LEDGER_SINK', labels: ['fate'] }
    metrics.observed(named, () => {
      const { written, dropped } = ledgerSink.counters
      return [
        [{ fate: 'written' }, written],
        [{ fate: 'dropped' }, dropped],
      ]
    })
    metrics.value({ name: 'ledgers_queued', help: 'Ledgers that wait' }, () => ledgerSink.counters.queued)
  }
  return metrics.counter({ name: 'runs_total', help: 'Runs by what came of them', labels: ['scenario', 'outcome'] })
}

/** What the list says of a run that is sealed. */
function sealedSummary(run: Run) {
  const { trace_id, service, sampled, state, started_ms, age_ms } = run.summary
  return { trace_id, service, sampled, state, started_ms, age_ms, blind: true, sealed: true }
}

/** What `/run` runs by this name. Throws a 404 problem that names what there is. */
function offerOf(catalog: Catalog, name: string): Offer {
  const offer = catalog.find(name)
  if (offer?.scenario.path === '/run') return offer
  if (offer) throw new Problem(404, 'Unknown scenario', `${name} is not run by /run: ask for ${offer.scenario.path}`)
  const known = catalog.offers.filter(({ scenario }) => scenario.path === '/run').map(({ scenario }) => scenario.name)
  const detail = `There is no scenario ${JSON.stringify(name.slice(0, 100))}: the scenarios are ${known.join(', ')}, and /stream`
  throw new Problem(404, 'Unknown scenario', detail, { members: { known } })
}
