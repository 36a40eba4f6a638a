import type { RequestHandler } from 'express'
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
