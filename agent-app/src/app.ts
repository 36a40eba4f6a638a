import { context } from '@opentelemetry/api'
import type express from 'express'
import type { Request, Response } from 'express'
import { createServiceApp, queryOf } from 'service-kit/app'
import { badQuery, onlyGet, Problem, sendProblem } from 'service-kit/problem'
import type { Lifecycle } from 'service-kit/serve'
import { Admission, declaredConcurrency } from './admission.ts'
import { Catalog, type Offer, pathOf } from './catalog.ts'
import { RunCancelled, ToolServiceUnreachable } from './errors.ts'
import { openApi } from './openapi.ts'
import { remoteParentOf, Run, type RunDeps, type RunResult } from './run.ts'
import type { RunEvent } from './run-context.ts'
import type { Defaults } from './scenario.ts'
import { type LedgerAnswer, RunStore } from './runs.ts'
import { ledgerSchemaVersion } from './ledger.ts'
import { scenarios } from './scenarios/index.ts'
import { openStream } from './streaming.ts'

export interface Deps extends RunDeps {
  defaults: Defaults
  /** Tool calls that all runs together may declare. */
  maxToolCalls: number
  /** What the ledgers of recent runs may take, bytes. */
  maxLedgerBytes: number
  /** 0 is for ever. */
  runTimeoutMs: number
  lifecycle: Lifecycle
  /** Whether tool-service is there. */
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
  const catalog = new Catalog(scenarios, deps.defaults)
  const admission = new Admission(deps.maxToolCalls)
  const runs = new RunStore(deps.maxLedgerBytes)
  const streaming = catalog.offers.find(({ scenario }) => scenario.path === '/stream') as Offer

  /** Parses, admits and prepares a run; everything that can be refused is refused here, before anything has happened. */
  function prepare(
    offer: Offer,
    query: Record<string, string | string[]>,
    req: Request,
    res: Response,
    emit?: (event: RunEvent) => Promise<void>,
  ) {
    const parsed = catalog.parse(offer, query)
    if ('faults' in parsed) throw badQuery(parsed.faults, { scenario: offer.scenario.name })
    if (lifecycle.stopping.aborted)
      throw new Problem(503, 'Stopping', 'This process is stopping', { headers: { 'Retry-After': '5' } })
    const release = admission.admit(declaredConcurrency(parsed.params))
    const active = context.active()
    const run = new Run(deps, {
      scenario: offer.scenario,
      params: parsed.params,
      context: active,
      remoteParentSpanId: remoteParentOf(active, req.headers),
      ...(emit && { emit }),
    })
    runs.add(run)
    res.setHeader('x-trace-id', run.traceId)
    return { run, release, dispose: cancelWith(run, res) }
  }

  /** Ties a run to its reasons to go on; returns how to untie it. */
  function cancelWith(run: Run, res: Response): () => void {
    const left = () => {
      if (!res.writableFinished) run.cancel(new RunCancelled('client_left', 'The client left'))
    }
    const stopped = () => run.cancel(new RunCancelled('stopping', 'This process is stopping'))
    const timedOut = () =>
      run.cancel(new RunCancelled('run_timeout', `The run took longer than ${deps.runTimeoutMs} ms`))
    res.once('close', left)
    lifecycle.aborting.addEventListener('abort', stopped)
    const timer = deps.runTimeoutMs > 0 ? setTimeout(timedOut, deps.runTimeoutMs) : undefined
    return () => {
      clearTimeout(timer)
      lifecycle.aborting.removeEventListener('abort', stopped)
    }
  }

  /** Executes a prepared run and hands its end to `answer` or `refuse`; the ledger is closed when the response is. */
  async function conclude(
    { run, release, dispose }: ReturnType<typeof prepare>,
    res: Response,
    answer: (result: RunResult) => void,
    refuse: (problem: Problem) => void,
  ) {
    res.once('close', () =>
      run.close(res.writableFinished ? (res.statusCode >= 500 ? String(res.statusCode) : undefined) : 'cancelled'),
    )
    const startedAt = deps.clock.now()
    const log = (outcome: string) =>
      deps.log(
        `${run.scenario.name} ${outcome} ${Math.round(deps.clock.now() - startedAt)} ms trace=${run.traceId} seed=${run.seed}`,
      )
    try {
      const result = await run.execute()
      log(result.ok ? 'ok' : 'failed')
      answer(result)
    } catch (error) {
      const problem = problemOf(error, run)
      log(problem.title.toLowerCase())
      if (!res.destroyed) refuse(problem)
    } finally {
      dispose()
      release()
    }
  }

  async function playRun(req: Request, res: Response): Promise<void> {
    const { scenario: name = 'fanout', ...query } = queryOf(req)
    if (Array.isArray(name))
      throw badQuery([{ parameter: 'scenario', value: name.join(', '), expected: 'to be given once' }])
    const prepared = prepare(catalog.find(name || 'fanout'), query, req, res)
    await conclude(
      prepared,
      res,
      (result) => res.json(result),
      (problem) => sendProblem(res, problem),
    )
  }

  async function playStream(req: Request, res: Response): Promise<void> {
    const output = openStream(req, res)
    const prepared = prepare(streaming, queryOf(req), req, res, (event) => output.write(event, prepared.run.signal))
    output.start()
    await conclude(
      prepared,
      res,
      (result) => output.end(result),
      (problem) => output.fail(problem),
    )
  }

  function ledgerOf(traceId: string): LedgerAnswer {
    if (!/^[0-9a-f]{32}$/.test(traceId)) {
      throw new Problem(
        400,
        'Bad trace id',
        `${JSON.stringify(traceId.slice(0, 100))} is not a trace id: 32 lower-case hex digits`,
      )
    }
    const found = runs.find(traceId)
    if (found.length === 0) {
      const why =
        runs.forgotten > 0
          ? `it never was, or it is one of the ${runs.forgotten} oldest that were forgotten to bound memory (LEDGER_MIB)`
          : 'none was forgotten, so it was not run by this process'
      throw new Problem(404, 'Unknown run', `There is no run with trace id ${traceId} here: ${why}`)
    }
    return { schema_version: ledgerSchemaVersion, trace_id: traceId, runs: found.map((run) => run.toLedger()) }
  }

  const index = {
    'GET /run?scenario=…': 'Runs a scenario; fanout unless another is named',
    'GET /stream': 'Streams tokens while tools run: lines, or events where the client accepts text/event-stream',
    'GET /scenarios': 'What can be run, with every parameter; text/plain for shells',
    'GET /runs': 'Recent runs',
    'GET /runs/:trace_id': 'The ledger of a run: all that it did, and what was injected',
    'GET /telemetry': 'What happened to the spans of this process',
    'GET /openapi.json': 'All of this as OpenAPI 3.1',
    'GET /health': 'Whether the process lives',
    'GET /ready': 'Whether it takes runs: 503 without tool-service, and while it stops',
  }
  const answers: Record<string, (req: Request, res: Response) => unknown> = {
    '/': (_req, res) =>
      res.json({
        service: deps.serviceName,
        agent: deps.agentName ?? null,
        endpoints: index,
        scenarios: scenarios.map(pathOf),
      }),
    '/run': playRun,
    '/stream': playStream,
    '/scenarios': (req, res) =>
      req.accepts(['json', 'text']) === 'text'
        ? res.type('text/plain').send(catalog.listText())
        : res.json({ scenarios: catalog.list() }),
    '/runs': (_req, res) =>
      res.json({ forgotten: runs.forgotten, runs: runs.recent(100).map(({ summary }) => summary) }),
    '/runs/:trace_id': (req, res) => res.json(ledgerOf(String(req.params.trace_id))),
    '/telemetry': (_req, res) => res.json(deps.spanCounters()),
    '/openapi.json': (_req, res) => res.json(openApi(catalog)),
    '/health': (_req, res) => res.json({ status: 'ok', service: deps.serviceName, in_flight: admission.runs }),
    '/ready': async (_req, res) => {
      if (lifecycle.stopping.aborted) throw new Problem(503, 'Not ready', 'This process is stopping')
      if (!(await deps.areToolsReady()))
        throw new Problem(503, 'Not ready', `There is no tool-service at ${deps.tools.base.origin}`)
      res.json({ status: 'ready' })
    },
  }
  const app = createServiceApp((app) => {
    for (const [path, answer] of Object.entries(answers)) app.route(path).all(onlyGet).get(answer)
  })
  return { app, inFlight: () => admission.runs }
}

/** What a run that could not come to its end is to its caller. */
function problemOf(error: unknown, run: Run): Problem {
  const members = { trace_id: run.traceId, seed: run.seed, replay: run.replay }
  if (error instanceof ToolServiceUnreachable)
    return new Problem(502, 'Tool-service unreachable', error.message, { members })
  if (!(error instanceof RunCancelled)) {
    console.error(`${run.scenario.name} failed:`, error)
    return new Problem(500, 'Internal error', 'This should not have happened; the log says more', { members })
  }
  switch (error.reason) {
    case 'run_timeout':
      return new Problem(504, 'Run timed out', error.message, { members })
    case 'stopping':
      return new Problem(503, 'Stopping', error.message, { members, headers: { 'Retry-After': '5' } })
    default:
      return new Problem(499, 'Cancelled', error.message, { members })
  }
}
