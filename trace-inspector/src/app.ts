import type express from 'express'
import type { Request, Response } from 'express'
import { createServiceApp, queryOf } from 'service-kit/app'
import { showsToken } from 'service-kit/bearer'
import { notFromOtherSites, onlyRead } from 'service-kit/doors'
import { badQuery, notFound, Problem } from 'service-kit/problem'
import { integer, number, parseScalars } from 'contract/scalars'
import { Metrics } from 'service-kit/metrics'
import type { Lifecycle } from 'service-kit/serve'
import { z } from 'zod'
import { knownAgents } from './agents.ts'
import { tracesOf } from './session/session.ts'
import { columnsOf, detailsOf, summaryOf } from './columns.ts'
import type { FileLedgers } from './file/ledgers.ts'
import { fileOpener, mostUploadMs } from './file/route.ts'
import { KeptLedgers } from './kept-ledgers.ts'
import { NoLedger, type Told } from './ledgers.ts'
import { openApi } from './openapi.ts'
import { ledgersFor, openLedgers } from './open-ledgers.ts'
import { otlpAstray, otlpIgnorer, otlpReceiver } from './otlp/receiver.ts'
import { Refused } from './otlp/refused.ts'
import { mountPage } from './page/routes.ts'
import { reveal } from './reveal/reveal.ts'
import { passToShard, recentOf } from './shards.ts'
import type { Trace } from './trace.ts'
import { Traces } from './traces.ts'
import { sinceOf } from './verify/excuse.ts'
import { isSettled } from './verify/verify.ts'
import { verifyWhenThere } from './verify/wait.ts'

export interface Deps {
  /** Where agents are, as AGENT_URLS says it: no trailing slashes. */
  agents: readonly string[]
  /** All that share the traces with this one, in the order of their shares. */
  shards?: readonly string[]
  /** What received spans may take, bytes. */
  maxBytes: number
  /** For how long another may still take spans that are for this one, ms. */
  overlapMs?: number
  /** Names that requests may give in `Host`, beside those that a service has anyway. */
  allowedHosts: readonly string[]
  lifecycle: Lifecycle
  metrics?: Metrics
  /** Shown to agents to verify what they keep sealed; whoever shows it here reads that, too. */
  answersToken?: string | undefined
  /** Traces that are here from the beginning. */
  traces?: Traces
  /** Ledgers that agents need not be asked for. */
  ledgers?: FileLedgers | undefined
}

export interface InspectorApp {
  app: express.Express
  /** Verifications that wait for spans. */
  inFlight: () => number
  /** How long a request may take to arrive, ms: as long as a file. */
  requestMs: number
}

const waitSchema = z.object({
  wait_s: number({ min: 0, max: 600, default: 0, description: 'How long to wait for everything to be there, s' }),
})
const recentSchema = z.object({
  limit: integer({ min: 1, max: 10_000, default: 100, description: 'How many traces, those that came last' }),
})

/** Where traces end up: takes OTLP/HTTP, verifies traces and says what they reveal. Listens to nothing. */
export function createApp({
  agents: agentUrls,
  shards = [],
  maxBytes,
  overlapMs = 0,
  allowedHosts,
  lifecycle,
  metrics = new Metrics(),
  answersToken,
  traces = new Traces(maxBytes, overlapMs),
  ledgers: ofFile,
}: Deps): InspectorApp {
  const refused = new Refused()
  const agents = knownAgents(agentUrls)
  const ledgers = new KeptLedgers(agents, maxBytes / 4, ofFile, answersToken)
  const isShownAll = (req: Request) => showsToken(req, answersToken)
  const openLedgerOf = openLedgers(ledgers, traces, isShownAll)
  let inFlight = 0
  const received = metrics.counter({ name: 'spans_received_total', help: 'Spans that came and could be read' })
  const verified = metrics.counter({
    name: 'verifications_total',
    help: 'Verifications by verdict',
    labels: ['verdict'],
  })
  metrics.value({ name: 'verifications_in_flight', help: 'Verifications that wait for spans' }, () => inFlight)
  metrics.value({ name: 'traces_held', help: 'Traces that are here' }, () => traces.size)
  metrics.value({ name: 'spans_held', help: 'Spans that are here' }, () => traces.spans)
  metrics.value({ name: 'traces_forgotten_total', help: 'Traces that had to go' }, () => traces.forgotten)
  metrics.value({ name: 'spans_repeated_total', help: 'Spans that came again' }, () => traces.duplicates)
  metrics.value({ name: 'spans_rejected_total', help: 'Spans that were turned down' }, () => refused.spans)
  metrics.value({ name: 'requests_refused_total', help: 'Requests that were turned down' }, () => refused.requests)

  function traceOf(req: Request): Trace {
    const traceId = traceIdOf(req)
    const trace = traces.find(traceId)
    if (trace) return trace
    const why = traces.hasEvicted(traceId)
      ? 'it came, and had to go to bound memory (INSPECTOR_MIB)'
      : `nothing of it is here; what came before ${sinceOf(traces).toISOString()} is not known`
    throw new Problem(404, 'Unknown trace', `There is no trace ${traceId} here: ${why}`)
  }

  async function verifyTrace(req: Request, res: Response): Promise<void> {
    const traceId = traceIdOf(req)
    const query = parseScalars(waitSchema, queryOf(req), () => 'wait_s')
    if ('faults' in query) throw badQuery(query.faults)
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    const { wait_s } = query.value
    const waiting = wait_s > 0 ? AbortSignal.timeout(Math.ceil(wait_s * 1000)) : AbortSignal.abort()
    inFlight++
    try {
      const sources = { traces, fetchLedger: (id: string, before?: Told) => ledgers.ask(id, before) }
      const signal = AbortSignal.any([waiting, gone.signal, lifecycle.stopping])
      const knows_since = sinceOf(traces).toISOString()
      const verification = await verifyWhenThere(traceId, sources, signal).catch((error: unknown) => {
        if (error instanceof NoLedger) error.members.knows_since = knows_since
        throw error
      })
      // What is missing may still be on its way: who asks again asks another process.
      if (lifecycle.stopping.aborted && !isSettled(verification)) throw stopping()
      // What is missing may be among what was turned down here, whosever it was.
      const { missing, excused } = verification.counts
      const turnedDown = missing + excused > 0 && refused.text ? `trace-inspector ${refused.text}` : null
      verified({ verdict: verification.verdict })
      // A difference says what a span should have been, and a disturbance what was planted.
      const isKept = verification.sealed && !isShownAll(req)
      res.json({
        ...verification,
        ...(isKept && { differences: [], disturbed: null }),
        note: [verification.note, turnedDown].filter(Boolean).join('; ') || null,
        not_taken: notTaken(),
        knows_since,
      })
    } finally {
      inFlight--
    }
  }

  const ledgersOf = (req: Request) => ledgersFor(req, ledgers, isShownAll)

  async function spanDetails(req: Request, res: Response): Promise<void> {
    const trace = traceOf(req)
    const spanId = String(req.params.span_id)
    // What is stitched to it is drawn with it.
    const find = (among: readonly Trace[]) => among.find(({ spans }) => spans.has(spanId))?.spans.get(spanId)
    const span = find([trace]) ?? find(await tracesOf(trace, traces, ledgersOf(req)))
    if (!span)
      throw new Problem(404, 'Unknown span', `There is no span ${spanId.slice(0, 100)} in trace ${trace.id} here`)
    res.json(detailsOf(span))
  }

  const notTaken = () => ({
    rejected_spans: refused.spans,
    refused_requests: refused.requests,
    last_refusal: refused.reason,
  })
  const state = () => ({
    traces: traces.size,
    spans: traces.spans,
    duplicates: traces.duplicates,
    forgotten_traces: traces.forgotten,
    ...notTaken(),
  })
  const index = {
    'POST /v1/traces': 'Takes OTLP/HTTP, JSON or protobuf',
    'POST /v1/metrics': 'Taken and not kept, as /v1/logs',
    'POST /files': 'Opens a file of OTLP JSON lines, gzipped or not, as if its spans had been received',
    'GET /traces?limit=100': 'Recent traces',
    'GET /traces/:trace_id': 'All spans of a trace, as columns',
    'GET /traces/:trace_id/spans?where=gen_ai.tool.name=search': 'Which spans a comparison holds for',
    'GET /traces/:trace_id/spans/:span_id': 'Everything about one span',
    'GET /traces/:trace_id/verify?wait_s=10': 'Whether everything that the run did arrived, once and unchanged',
    'GET /traces/:trace_id/reveal': 'What is wrong in the trace, as its spans alone tell, and what an average hides',
    'GET /traces/:trace_id/picture?ledger=1':
      'A trace as the page draws it, with what the ledger says of lost and altered spans',
    'GET /traces/:trace_id/session': 'The traces of one session, with the time between them',
    'GET /traces/:trace_id/runs': 'The runs of the trace as their agents know them, without their steps',
    'GET /traces/:trace_id/otlp': 'The trace as OTLP JSON as it came, to be sent to any receiver',
    'GET /traces/:trace_id/jaeger': 'The trace as JSON that the UI of Jaeger opens',
    'GET /traces/:trace_id/chrome': 'The trace as Chrome trace JSON, which Perfetto opens',
    'POST /traces/:trace_id/answer': 'Scores an answer: { "span_ids": [...] }, empty when nothing is wrong',
    'GET /agents': 'The agents that are known; /agents/:agent/scenarios, run, stream and runs are passed on to them',
    'GET /metrics': 'Spans, verifications and the process itself, in Prometheus text',
    'GET /openapi.json': 'All of this as OpenAPI 3.1',
    'GET /health': 'Whether the process lives, and what it holds',
    'GET /ready': 'Whether it takes spans: 503 while it stops',
  }
  const answers: Record<string, (req: Request, res: Response) => unknown> = {
    '/': (_req, res) => res.json({ service: 'trace-inspector', agents: agentUrls, endpoints: index }),
    '/traces': async (req, res) => {
      const query = parseScalars(recentSchema, queryOf(req), () => 'limit')
      if ('faults' in query) throw badQuery(query.faults)
      const { limit } = query.value
      const own = { ...state(), recent: traces.recent(limit).map(summaryOf) }
      res.json(await recentOf(shards, own, req, limit))
    },
    '/traces/:trace_id': (req, res) => res.json(columnsOf(traceOf(req))),
    '/traces/:trace_id/spans/:span_id': spanDetails,
    '/traces/:trace_id/verify': verifyTrace,
    '/traces/:trace_id/reveal': async (req, res) => {
      const { id, spans } = traceOf(req)
      // What was planted, and what spans of a blind run do not say, its ledger does: to whoever it is open to.
      const ledger = await openLedgerOf(req).catch(unlessUnknown)
      res.json(reveal(id, spans.values(), ledger?.runs))
    },
    '/metrics': metrics.answer,
    '/health': (_req, res) => res.json({ status: 'ok', service: 'trace-inspector', ...state() }),
    '/openapi.json': (_req, res) =>
      res.json(
        openApi(
          agents.map(({ id }) => id),
          { wait: waitSchema, recent: recentSchema },
        ),
      ),
    '/ready': (_req, res) => {
      if (lifecycle.stopping.aborted) throw stopping()
      res.json({ status: 'ready' })
    },
  }
  const app = createServiceApp(allowedHosts, (app) => {
    app.route('/v1/traces').all(
      ...otlpReceiver((spans) => {
        received({}, spans.length)
        return traces.add(spans)
      }, refused),
    )
    app.route('/v1/metrics').all(...otlpIgnorer('metrics', refused))
    app.route('/v1/logs').all(...otlpIgnorer('logs', refused))
    app.route('/files').all(...fileOpener(traces))
    // Before it is handed on: nobody there sees who asked.
    app.post('/traces/:trace_id/*path', notFromOtherSites)
    app.use('/traces/:trace_id', passToShard(shards, traces))
    mountPage(app, { traces, agents, ledgers, openLedgerOf, ledgersFor: ledgersOf, traceIdOf, traceOf })
    for (const [path, answer] of Object.entries(answers)) app.route(path).all(onlyRead).get(answer)
    // What is nowhere here, too, may have been an export.
    app.use(notFound, otlpAstray(refused))
  })
  return { app, inFlight: () => inFlight, requestMs: mostUploadMs }
}

/** That nobody has a ledger is no reason to say nothing. */
function unlessUnknown(error: unknown): undefined {
  if (!(error instanceof Problem && error.status === 404)) throw error
}

const stopping = () => new Problem(503, 'Stopping', 'This process is stopping', { headers: { 'Retry-After': '5' } })

function traceIdOf(req: Request): string {
  const traceId = String(req.params.trace_id)
  if (/^[0-9a-f]{32}$/.test(traceId)) return traceId
  throw new Problem(
    400,
    'Bad trace id',
    `${JSON.stringify(traceId.slice(0, 100))} is not a trace id: 32 lower-case hex digits`,
  )
}
