import type express from 'express'
import type { Request, Response } from 'express'
import { answerBody, readAnswer, refuseBody } from 'service-kit/answer-body'
import { notFromOtherSites, only, onlyRead } from 'service-kit/doors'
import { badQuery, Problem } from 'service-kit/problem'
import { queryOf } from 'service-kit/app'
import { flag, parseScalars } from 'contract/scalars'
import { z } from 'zod'
import { jaegerJson } from '../jaeger-json.ts'
import type { KeptLedgers } from '../kept-ledgers.ts'
import type { OpenLedgers } from '../open-ledgers.ts'
import { writeRequest } from '../otlp/write.ts'
import type { KnownAgent } from '../agents.ts'
import { edgesOf, type LedgerOf } from '../session/edges.ts'
import { sessionOf, tracesOf } from '../session/session.ts'
import { stitch, type Stitched } from '../session/stitched.ts'
import type { Trace } from '../trace.ts'
import type { Traces } from '../traces.ts'
import { chromeTrace } from './model/chrome-trace.ts'
import { type Condition, parseCondition } from './model/condition.ts'
import { buildTree } from './model/tree.ts'
import { plainMembers } from './model/value.ts'
import { passOn, stateOf } from './server/agents.ts'
import { type Assets, readAssets } from './server/assets.ts'
import { makeDocument } from './server/document.ts'
import { examine } from './server/examine.ts'
import { findSpans } from './server/find.ts'
import { pictureOf } from './server/picture.ts'

export interface PageDeps {
  traces: Traces
  agents: readonly KnownAgent[]
  ledgers: KeptLedgers
  /** Of a trace, for whoever asks. */
  openLedgerOf: OpenLedgers
  /** Of a request; a 400 problem when it is none. */
  traceIdOf: (req: Request) => string
  /** Of any trace, for whoever made a request. */
  ledgersFor: (req: Request) => LedgerOf
  /** Of a request; a 404 problem that says why it is not there. */
  traceOf: (req: Request) => Trace
}

/** The query of a picture. */
export const pictureSchema = z.object({
  stitch: flag({ default: false, description: 'Whether what was severed from it is put back, as far as it is here' }),
  ledger: flag({ default: false, description: 'Whether what the ledger says of lost and altered spans is drawn' }),
})

const comparison = 'a name, one of = != < > <= >=, and a value, such as gen_ai.tool.name=search'
/** The query of a search. */
export const spansSchema = z.object({
  where: z
    .string({ error: comparison })
    .regex(/^[^\s=!<>"]{1,300}(!=|<=|>=|=|<|>).{0,1000}$/, { error: comparison })
    .meta({ description: 'An attribute, or kind, status, message, scope or event, and a value; none after = for any' }),
})

/** Everything that the page needs beside the API: itself, the agents behind this one address, pictures, and the exam. */
export function mountPage(
  app: express.Express,
  { traces, agents, ledgers, openLedgerOf, ledgersFor, traceIdOf, traceOf }: PageDeps,
): void {
  let read: { assets: Assets; document: ReturnType<typeof makeDocument> } | undefined
  const page = () => {
    if (!read) {
      const assets = readAssets()
      read = { assets, document: makeDocument(assets) }
    }
    return read
  }

  app.get('/', (req, res, next) => {
    if (!['GET', 'HEAD'].includes(req.method) || req.accepts(['json', 'html']) !== 'html') return next()
    const { html, policy } = page().document
    res.set({ 'Content-Security-Policy': policy, 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-cache' })
    res.type('html').send(html)
  })
  app.route('/page/*path').all(onlyRead).get(serveAsset)
  app
    .route('/agents')
    .all(onlyRead)
    .get(async (_req, res) => {
      res.json({ agents: await Promise.all(agents.map(stateOf)) })
    })
  app.get('/agents/:agent/runs/:trace_id', (req, _res, next) => {
    // Its agent is asked once more.
    ledgers.forget(req.params.trace_id)
    next()
  })
  app.route('/agents/:agent/*path').all(onlyRead, notFromOtherSites).get(passOn(agents))
  app
    .route('/traces/:trace_id/picture')
    .all(onlyRead)
    .get(async (req, res) => {
      const traceId = traceIdOf(req)
      const query = parseScalars(pictureSchema, queryOf(req), () => 'ledger or stitch')
      if ('faults' in query) throw badQuery(query.faults)
      const { ledger: isCompared, stitch: isStitched } = query.value
      const ledger = isCompared ? await openLedgerOf(req) : undefined
      const trace = isCompared ? traces.find(traceId) : traceOf(req)
      const stitched = isStitched && trace ? await stitchedOf(req, trace) : undefined
      res.json(pictureOf(traceId, trace, { ledger, stitched }))
    })
  app
    .route('/traces/:trace_id/session')
    .all(onlyRead)
    .get(async (req, res) => {
      const trace = traceOf(req)
      const { together, edges } = await sessionAround(req, trace)
      res.json(sessionOf(trace, together, edges))
    })
  app
    .route('/traces/:trace_id/spans')
    .all(onlyRead)
    .get((req, res) => {
      const trace = traceOf(req)
      const query = parseScalars(spansSchema, queryOf(req), () => 'where')
      if ('faults' in query) throw badQuery(query.faults)
      res.json(findSpans(trace, parseCondition(query.value.where) as Condition))
    })
  app
    .route('/traces/:trace_id/runs')
    .all(onlyRead)
    .get(async (req, res) => {
      const traceId = traceIdOf(req)
      // A run may have joined the trace.
      ledgers.forget(traceId)
      const { runs } = await openLedgerOf(req)
      res.json({ trace_id: traceId, runs: runs.map(({ steps, ...run }) => ({ ...run, steps: steps.length })) })
    })
  const downloads: Record<string, (trace: Trace) => object> = {
    otlp: ({ spans }) => writeRequest(spans.values()),
    jaeger: jaegerJson,
    chrome: perfetto,
  }
  for (const [form, write] of Object.entries(downloads))
    app
      .route(`/traces/:trace_id/${form}`)
      .all(onlyRead)
      .get((req, res) => {
        const trace = traceOf(req)
        res.attachment(`${trace.id}.${form}.json`).json(write(trace))
      })
  app
    .route('/traces/:trace_id/answer')
    .all(only('POST'), notFromOtherSites)
    .post(answerBody, refuseBody, async (req: Request, res: Response) => {
      const answer = readAnswer(req.body)
      const traceId = traceIdOf(req)
      const ledger = await ledgers.answer(traceId, answer)
      res.json(examine(ledger, traces.find(traceId), answer.span_ids))
    })

  async function sessionAround(req: Request, trace: Trace) {
    const ledgerOf = ledgersFor(req)
    const together = await tracesOf(trace, traces, ledgerOf)
    return { together, edges: await edgesOf(together, ledgerOf) }
  }

  async function stitchedOf(req: Request, trace: Trace): Promise<Stitched> {
    const { together, edges } = await sessionAround(req, trace)
    return stitch(trace, together, edges)
  }

  function serveAsset(req: Request, res: Response): void {
    const { root, files } = page().assets
    const asset = req.path.startsWith(root) ? files.get(req.path.slice(root.length)) : undefined
    if (!asset) throw new Problem(404, 'Not found', `There is nothing at ${req.path.slice(0, 200)}`)
    res.set({
      'Cache-Control': 'public, max-age=31536000, immutable',
      Vary: 'Accept-Encoding',
      'Content-Type': asset.type,
    })
    const isGzipped = req.acceptsEncodings('gzip') === 'gzip'
    if (isGzipped) res.set('Content-Encoding', 'gzip')
    res.end(isGzipped ? asset.gzipped : asset.body)
  }
}

function perfetto(trace: Trace) {
  const { columns } = pictureOf(trace.id, trace)
  return chromeTrace(columns, buildTree(columns), (span) =>
    plainMembers(trace.spans.get(columns.id[span] as string)?.attributes ?? {}),
  )
}
