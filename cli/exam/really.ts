import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Key } from 'contract/key'
import type { LedgerAnswer, RunLedger } from 'contract/ledger'
import { runParametersHeader } from 'contract/run-parameters'
import { LineFile } from 'simulate/line-file'
import { withParts } from 'findings/key-of-all'
import { ExamError } from 'exam/read'
import { readWhole } from '../command.ts'
import { explain, get, getJson } from '../http.ts'
import { exportingTo, startPair } from '../../scripts/pair.ts'
import { agentsOf, type Begun, type ExamRun } from './runs.ts'

/** Between two looks at whether a key is there, ms. */
const lookMs = 100

/** Options of whoever has runs played over HTTP. */
export const playedReally = {
  real: {
    type: 'boolean',
    description: 'runs are played over HTTP by agent-app and tool-service, and take as long as they do',
  },
  'at-once': { type: 'string', valueHint: 'N', description: 'so many of them at the same time', default: '8' },
} as const

/** How many at a time; undefined where they are played in virtual time. */
export const readAtOnce = (args: { real?: boolean | undefined; 'at-once': string }): number | undefined =>
  args.real ? readWhole('--at-once', args['at-once'], 1, 100) : undefined

interface ReallyOptions {
  /** Where their spans are written. */
  spans: string
  secret: string
  atOnce: number
  progress: (runs: number) => void
}

/**
 * Plays runs over HTTP: by agent-app and tool-service, processes of their own, whose spans are written as they export them. The
 * key of a run is what its agent says in the end.
 */
export async function playReally(
  runs: readonly ExamRun[],
  { spans, secret, atOnce, progress }: ReallyOptions,
): Promise<Begun[]> {
  const file = await LineFile.open(spans)
  const collector = await startCollector((line) => file.write(line))
  const token = randomBytes(16).toString('hex')
  // An exam is handed out: the machine that made it is nobody's business.
  const env = { ...exportingTo(collector.url), OTEL_NODE_RESOURCE_DETECTORS: 'none' }
  const pair = await startPair(env, {
    RUN_SECRET: secret,
    ANSWERS_TOKEN: token,
    MAX_TOOL_CALLS: '1000000',
    LEDGER_MIB: '256',
  })
  const played: Begun[] = []
  const left = runs.values()
  const ended = new AbortController()
  const lane = async () => {
    for (const run of left) {
      played.push(await playOne(pair.agent.url, run, token, ended.signal))
      progress(played.length)
    }
  }
  let isWhole = false
  try {
    await Promise.all(Array.from({ length: atOnce }, lane))
    isWhole = true
  } finally {
    ended.abort()
    // What they have not sent yet they send then.
    await pair.stop()
    await collector.stop()
    if (!isWhole) file.discard()
  }
  await file.end(true)
  return played
}

/** Makes a run, and resolves to what came of it when all who played a part of it have said so. */
async function playOne(agent: string, run: ExamRun, token: string, signal: AbortSignal): Promise<Begun> {
  const { scenario, asked, query } = run
  const { path } = asked.offer.scenario
  const params = { blind: 'true', ...(path === '/run' && { scenario }), ...query, seed: asked.seed }
  const answer = await get('agent-app', `${agent}${path}`, signal, {
    [runParametersHeader]: new URLSearchParams(params).toString(),
  })
  if (answer.status !== 200) throw new ExamError(`${scenario}: agent-app answered ${explain(answer)}`)
  const traceId = String(answer.headers['x-trace-id'])
  const ended = new Map<string, readonly Ended[]>()
  const left = [traceId]
  for (let next = left.pop(); next; next = left.pop()) {
    if (ended.has(next)) continue
    const runs = await endedIn(agent, next, token, signal)
    ended.set(next, runs)
    left.push(...runs.flatMap(tracesOf))
  }
  const all = [...ended.values()].flat()
  const whole = all.find(({ part }) => part === undefined)
  if (!whole) throw new ExamError(`${scenario}: nobody knows the run of trace ${traceId}`)
  const parts = all.filter((each) => each !== whole)
  return {
    ...run,
    key: withParts(
      whole.key,
      parts.map(({ key }) => key),
    ),
    agentsOf: agentsOf(whole, ...parts),
    trace_id: traceId,
    start_ms: whole.steps[0]?.start_ms ?? 0,
  }
}

type Ended = Omit<RunLedger, 'key'> & { key: Key }

/** Traces in which a run goes on: where its context was lost on the way, and where it went on later. */
const tracesOf = ({ steps, resumed_in }: Ended): string[] => [
  ...steps.flatMap(({ handed_over }) => handed_over?.trace_id ?? []),
  ...(resumed_in === undefined ? [] : [resumed_in]),
]

/** The ledgers of a trace, once all of them have ended, and have their keys and what they went on as. */
async function endedIn(agent: string, traceId: string, token: string, signal: AbortSignal): Promise<Ended[]> {
  for (;;) {
    const { runs } = (await getJson('agent-app', `${agent}/runs/${traceId}`, signal, {
      authorization: `Bearer ${token}`,
    })) as LedgerAnswer
    const ended = runs.flatMap(({ key, ...run }) => {
      if (key === null && run.state === 'closed') throw new ExamError(`Run ${traceId} did not come to its end`)
      return key === null || key === 'pending' || run.resumed_in === '' ? [] : [{ ...run, key }]
    })
    if (ended.length === runs.length) return ended
    await sleep(lookMs)
  }
}

/** Takes OTLP over HTTP as JSON, and hands on each export request as a line. */
async function startCollector(write: (line: Uint8Array) => Promise<void>) {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const isTraces = request.url === '/v1/traces'
      const written = isTraces ? write(Buffer.concat([...pieces, Buffer.from('\n')])) : Promise.resolve()
      void written.then(
        () => response.setHeader('Content-Type', 'application/json').end('{}'),
        () => response.destroy(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
