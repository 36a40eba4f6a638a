import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import { only } from 'service-kit/doors'
import { urlWithoutCredentials } from 'service-kit/redact'
import { Problem } from 'service-kit/problem'
import { Bodies } from './bodies.ts'
import { Malformed } from './fields.ts'
import { decodeJson, encodeJsonFailure, encodeJsonResponse } from './json.ts'
import { decodeProtobuf, encodeProtobufFailure, encodeProtobufResponse } from './protobuf.ts'
import { Refusal, type Refused } from './refused.ts'
import type { ReceivedSpan } from './span.ts'

/** The two encodings of OTLP/HTTP; an answer has its request's. https://opentelemetry.io/docs/specs/otlp/#otlphttp */
const encodings = {
  'application/json': { decode: decodeJson, response: encodeJsonResponse, failure: encodeJsonFailure },
  'application/x-protobuf': {
    decode: decodeProtobuf,
    response: encodeProtobufResponse,
    failure: encodeProtobufFailure,
  },
}
type ContentType = keyof typeof encodings

/** google.rpc.Code of the statuses that are answered here. */
const rpcCodes = { 400: 3, 413: 8, 415: 3, 503: 14 }

/** Takes spans in; tells how many of them it could not keep, and why. */
export type Sink = (spans: ReceivedSpan[]) => { rejected: number; reason: string }
type Handlers = (RequestHandler | ErrorRequestHandler)[]

/** `POST /v1/traces`: handlers for one route, the errors' among them. What is turned down is counted in `refused`. */
export function otlpReceiver(sink: Sink, refused: Refused): Handlers {
  const bodies = new Bodies()

  const take: RequestHandler = async (req, res) => {
    const contentType = contentTypeOf(req)
    const { decode, response } = encodings[contentType]
    const batch = decode(await bodies.read(req))
    const kept = sink(batch.spans)
    const rejected = batch.rejected + kept.rejected
    const reason = [batch.reason, kept.reason].filter(Boolean).join('; ')
    if (rejected > 0) refused.addSpans(rejected, reason)
    answer(res, contentType, response(rejected, reason))
  }

  return [only('POST'), take, refuse(refused)]
}

/** `POST /v1/metrics` and `/v1/logs`: who sends them along with spans is not troubled, and told once that they go nowhere. */
export function otlpIgnorer(signal: 'metrics' | 'logs', refused: Refused): Handlers {
  let isSaid = false

  const drop: RequestHandler = (req, res) => {
    const contentType = contentTypeOf(req)
    if (!isSaid) console.error(`trace-inspector takes ${signal} and does not keep them: it is for traces alone`)
    isSaid = true
    req.resume()
    answer(res, contentType, encodings[contentType].response(0, ''))
  }

  return [only('POST'), drop, refuse(refused)]
}

/** Statuses of requests that came to no route: a name that is none of this service's, a path or a method that nothing has. */
const astray = [404, 405, 421]

/** Counts what went astray and looks like somebody's export: its sender drops it, and nobody else would hear of it. */
export function otlpAstray(refused: Refused): ErrorRequestHandler {
  return (error: unknown, req, _res, next) => {
    // All sorts of things are posted in JSON.
    const type = knownTypeOf(req)
    const isTyped = type === 'application/x-protobuf' || (type !== undefined && req.path === '/')
    const isExport = isTyped || req.path.startsWith('/v1/')
    if (error instanceof Problem && astray.includes(error.status) && req.method === 'POST' && isExport) {
      const why = error.status === 421 ? error.message : 'spans are taken at POST /v1/traces'
      // Any part of it may be a token.
      refused.addRequest(`POST ${pathWithoutCredentials(req.path)}: ${why}`)
    }
    next(error)
  }
}

const pathWithoutCredentials = (path: string) => urlWithoutCredentials(`here${path.slice(0, 200)}`).slice('here'.length)

/** What the protocol says of failures: a Status in the request's own encoding. Without one, a problem says it. */
function refuse(refused: Refused): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const refusal = error instanceof Malformed ? new Refusal(400, error.message) : error
    if (!(refusal instanceof Refusal)) return next(error)
    refused.addRequest(refusal.message)
    const { status, message, headers } = refusal
    const contentType = knownTypeOf(req)
    if (!contentType) return next(new Problem(status, 'Unsupported media type', message))
    res.status(status).set(headers)
    answer(res, contentType, encodings[contentType].failure(rpcCodes[status], message))
  }
}

/** Throws Refusal. */
function contentTypeOf(req: Request): ContentType {
  const contentType = knownTypeOf(req)
  if (contentType) return contentType
  const given = req.headers['content-type']?.slice(0, 100) ?? 'is missing'
  throw new Refusal(415, `Content-Type ${given}: expected ${Object.keys(encodings).join(' or ')}`)
}

function knownTypeOf({ headers }: Request): ContentType | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return Object.hasOwn(encodings, type) ? (type as ContentType) : undefined
}

function answer(res: Response, contentType: ContentType, body: string | Uint8Array): void {
  res.type(contentType).send(typeof body === 'string' ? body : Buffer.from(body))
}
