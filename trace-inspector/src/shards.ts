import type { Request, RequestHandler } from 'express'
import { request } from 'undici'
import type { summaryOf } from './columns.ts'
import { relay } from './relay.ts'
import type { Traces } from './traces.ts'

/** Said of a request that another trace-inspector passed on: it goes no further. */
const passedOn = 'x-passed-on'

/** Of several that share all traces, the one that a trace belongs to: by the first hex digit of its id, each as many. */
export const shardOf = <T>(shards: readonly T[], traceId: string): T | undefined =>
  shards[Math.floor((parseInt(traceId[0] ?? '', 16) * shards.length) / 16)]

/** Hands what is asked of a trace on to the trace-inspector that it belongs to, unless something of it came here. */
export function passToShard(shards: readonly string[], traces: Traces): RequestHandler {
  return async (req, res, next) => {
    const traceId = String(req.params.trace_id)
    const isElsewhere = !req.get(passedOn) && !traces.find(traceId) && !traces.hasEvicted(traceId)
    const shard = isElsewhere ? shardOf(shards, traceId) : undefined
    if (shard === undefined) return next()
    const headers = { [passedOn]: '1', 'content-type': req.get('content-type') ?? 'text/plain' }
    await relay({ bases: [shard], path: req.originalUrl, who: 'trace-inspector', headers }, req, res)
  }
}

/** `GET /traces` of one. */
interface Recent {
  recent: ReturnType<typeof summaryOf>[]
  last_refusal: string | null
  [figure: string]: unknown
}
const timeoutMs = 5000

/**
 * `GET /traces` of all that share the traces, as if they were one: figures add up, what began last comes first. One that
 * does not answer is named in `unreachable`. `own` is the answer of this one, for who is asked by another.
 */
export async function recentOf(shards: readonly string[], own: Recent, req: Request, limit: number) {
  if (shards.length === 0 || req.get(passedOn)) return own
  const answers = await Promise.all(shards.map((shard) => ask(`${shard}/traces?limit=${limit}`)))
  const told = answers.filter((answer) => answer !== undefined)
  const sum = (name: string) => told.reduce((all, answer) => all + Number(answer[name]), 0)
  const figures = Object.entries(own).filter(([, value]) => typeof value === 'number')
  return {
    ...Object.fromEntries(figures.map(([name]) => [name, sum(name)])),
    last_refusal: told.find(({ last_refusal }) => last_refusal !== null)?.last_refusal ?? null,
    unreachable: shards.filter((_, place) => answers[place] === undefined),
    recent: told
      .flatMap(({ recent }) => recent)
      .toSorted((a, b) => (b.start_ms ?? 0) - (a.start_ms ?? 0))
      .slice(0, limit),
  }
}

async function ask(url: string): Promise<Recent | undefined> {
  try {
    const headers = { [passedOn]: '1' }
    const { statusCode, body } = await request(url, { headers, signal: AbortSignal.timeout(timeoutMs) })
    const answer = (await body.json()) as Recent
    return statusCode === 200 ? answer : undefined
  } catch {
    return undefined
  }
}
