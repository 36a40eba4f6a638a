import type { Tracer } from '@opentelemetry/api'
import type express from 'express'
import type { Request, Response } from 'express'
import { createServiceApp, drained, queryOf } from 'service-kit/app'
import type { WallClock } from 'service-kit/clock'
import { notFromOtherSites, only, onlyRead } from 'service-kit/doors'
import { badQuery, faulty, Problem, sendProblem } from 'service-kit/problem'
import { parseScalars } from 'contract/scalars'
import type { Metrics } from 'service-kit/metrics'
import type { Lifecycle } from 'service-kit/serve'
import type { Telemetry } from 'service-kit/telemetry'
import { traced } from 'service-kit/traced'
import {
  behaviorHeader,
  behaviorSchema,
  chunksOfAStream,
  fails,
  type ToolAnswer,
  type ToolBehavior,
} from 'contract/tool'
import { answerTo, readArguments, refusalOf, toolDefinitions, unreadable } from 'contract/toolbox'
import type { ToolArguments } from 'contract/tools'
import { longestToolName, openApi } from './openapi.ts'
import { patienceOf, Pools } from './pools.ts'
import { payloadText } from 'contract/payload'

export interface Deps {
  serviceName: string
  /** Names that requests may give in `Host`, beside those that a service has anyway. */
  allowedHosts: readonly string[]
  /** What a tool does when a call does not say, and the most that it may be asked to take. */
  defaults: { delayMs: number; errorRate: number; maxDelayMs?: number }
  clock: WallClock
  tracer: Tracer
  lifecycle: Lifecycle
  telemetry: Pick<Telemetry, 'counters' | 'destinations'>
  metrics: Metrics
}

export interface ToolApp {
  app: express.Express
  /** Calls that are being played. */
  inFlight: () => number
}

const toolName = new RegExp(`^[^]{1,${longestToolName}}$`, 'u')
const callerGone = new Error('The caller left')
const stopping = new Problem(503, 'Stopping', 'tool-service is stopping')

/** The tools: `GET /tool/:tool_name` plays one, as slow and as broken as the call asks. Listens to nothing. */
export function createApp({
  serviceName,
  allowedHosts,
  defaults,
  clock,
  tracer,
  lifecycle,
  telemetry,
  metrics,
}: Deps): ToolApp {
  const schema = behaviorSchema(defaults)
  const underWay = new Set<AbortController>()
  const pools = new Pools(serviceName)
  metrics.value({ name: 'tool_calls_in_flight', help: 'Calls that are being played' }, () => underWay.size)
  metrics.value(
    { name: 'tool_calls_waiting', help: 'Calls that wait for a tool of limited capacity' },
    () => pools.waiting,
  )
  metrics.spans(() => telemetry.destinations())
  const count = metrics.counter({ name: 'tool_calls_total', help: 'Calls by their status', labels: ['status'] })
  lifecycle.aborting.addEventListener('abort', () => {
    for (const call of underWay) call.abort(stopping)
  })

  async function playTool(req: Request<{ tool_name: string }>, res: Response): Promise<void> {
    const tool = req.params.tool_name
    if (!toolName.test(tool))
      throw new Problem(400, 'Bad tool name', `A tool name has at most ${longestToolName} characters`)
    const behavior = behaviorOf(req, schema)
    refuse(tool, behavior)
    const call = new AbortController()
    res.once('close', () => {
      count({ status: res.writableFinished ? String(res.statusCode) : 'cancelled' })
      if (!res.writableFinished) call.abort(callerGone)
    })
    underWay.add(call)
    let leave: (() => void) | undefined
    try {
      leave = await pools.enter(tool, behavior, call.signal)
      await play(tool, behavior, res, call.signal)
    } catch (error) {
      // A caller that left hears nothing; one whose call the end of the process cut off does.
      if (error === callerGone) return
      if (error !== stopping) throw error
      if (res.headersSent) res.destroy()
      else throw stopping
    } finally {
      leave?.()
      underWay.delete(call)
    }
  }

  /** Throws what is wrong with a call: of an agent all of it, of a person only what nobody could read. */
  function refuse(tool: string, { strict, arguments: text, given }: Asked): void {
    const refusal = strict ? refusalOf(tool, text ?? '{}', given) : unreadable(text, given)
    if (!refusal) return
    count({ status: String(refusal.status) })
    const members = { tool, delay_ms: 0, ok: false, service: serviceName }
    throw faulty(refusal.status, refusal.title, refusal.faults, members)
  }

  async function play(tool: string, behavior: Asked, res: Response, signal: AbortSignal): Promise<void> {
    const { delay_ms, error_rate, status, retry_after_s, seed, key } = behavior
    const failing =
      seed !== undefined && key !== undefined ? fails({ errorRate: error_rate, seed, key }) : Math.random() < error_rate
    if (failing) {
      await clock.sleep(delay_ms, signal)
      const members = { tool, delay_ms, ok: false, service: serviceName }
      const headers = patienceOf(retry_after_s)
      const title = status === 503 ? 'Tool unavailable' : 'Tool refused'
      return sendProblem(res, new Problem(status, title, `${tool} failed, as it was asked to`, { members, headers }))
    }
    if (behavior.stream) return streamChunks(tool, delay_ms, res, signal)
    await clock.sleep(delay_ms, signal)
    await sendAnswer(tool, behavior, res, signal)
  }

  /** Writes the payload as it is made: many large ones at the same time must not fill the memory. */
  async function sendAnswer(tool: string, behavior: Asked, res: Response, signal: AbortSignal): Promise<void> {
    const { delay_ms, payload_size_kb, arguments: text, given, flaw, version, seed, key } = behavior
    const length = Math.round(payload_size_kb * 1024)
    const result = answerTo(tool, { text, given, flaw, version, seed, key })
    const said: Omit<ToolAnswer, 'payload'> = { tool, delay_ms, ok: true, service: serviceName, result }
    let written = `${JSON.stringify(said).slice(0, -1)},"payload":"`
    res.setHeader('Content-Type', 'application/json; charset=utf-8')
    res.setHeader('Content-Length', Buffer.byteLength(written) + length + 2)
    for (const piece of length > 0 ? payloadText(length, seed && `${seed} ${key}`) : []) {
      if (!res.write(written + piece)) await drained(res, signal)
      written = ''
    }
    res.end(`${written}"}`)
  }

  async function streamChunks(tool: string, delayMs: number, res: Response, signal: AbortSignal): Promise<void> {
    res.type('text/plain')
    const start = clock.now()
    for (let chunk = 0; chunk < chunksOfAStream; chunk++) {
      await clock.sleep(start + (delayMs * (chunk + 1)) / chunksOfAStream - clock.now(), signal)
      if (!res.write(`chunk ${chunk} from ${tool}\n`)) await drained(res, signal)
    }
    res.end()
  }

  const answers = {
    '/health': () => ({ status: 'ok', service: serviceName, in_flight: underWay.size }),
    '/telemetry': () => telemetry.counters(),
    '/openapi.json': () => openApi(schema),
    '/tools': () => ({ tools: toolDefinitions() }),
  }
  const app = createServiceApp(allowedHosts, (app) => {
    app.route('/tool/:tool_name').all(only('GET'), notFromOtherSites).get(traced(tracer, clock), playTool)
    app.route('/metrics').all(onlyRead).get(metrics.answer)
    for (const [path, answer] of Object.entries(answers))
      app
        .route(path)
        .all(onlyRead)
        .get((_req, res) => void res.json(answer()))
  })
  return { app, inFlight: () => underWay.size }
}

/** What a call says, and its arguments as they were read. */
interface Asked extends ToolBehavior {
  given: ToolArguments | undefined
}

function behaviorOf(req: Request, schema: ReturnType<typeof behaviorSchema>): Asked {
  const header = req.get(behaviorHeader)
  const asked = queryOf(req)
  if (header !== undefined) for (const [name, value] of new URLSearchParams(header)) asked[name] = value
  const parsed = parseScalars(schema, asked, () => `one of ${Object.keys(schema.shape).join(', ')}`)
  if ('faults' in parsed) throw badQuery(parsed.faults)
  return { ...parsed.value, given: readArguments(parsed.value.arguments) }
}
