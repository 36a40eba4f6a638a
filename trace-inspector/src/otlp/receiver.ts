import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express'
import { Problem } from 'service-kit/problem'
import { Malformed } from './fields.ts'
import { decodeJson, encodeJsonFailure, encodeJsonResponse } from './json.ts'
import { decodeProtobuf, encodeProtobufFailure, encodeProtobufResponse } from './protobuf.ts'
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

/** The largest body, unpacked, bytes. A Collector takes 20 MiB, and may gather more than that for the next. */
const maxBodyBytes = 64 * 1024 * 1024

/** google.rpc.Code of the statuses that are answered here. */
const rpcCodes = { 400: 3, 413: 8, 415: 3 }

/** Takes spans in; tells how many of them it could not keep, and why. */
export type Sink = (spans: ReceivedSpan[]) => { rejected: number; reason: string }

/** `POST /v1/traces`: handlers for one route, the errors' among them. */
export function otlpReceiver(sink: Sink): (RequestHandler | ErrorRequestHandler)[] {
  const admit: RequestHandler = (req, _res, next) => {
    if (req.method !== 'POST')
      throw new Problem(405, 'Method not allowed', `${req.method} is not allowed here: use POST`, {
        headers: { Allow: 'POST' },
      })
    if (!contentTypeOf(req))
      throw new Problem(
        415,
        'Unsupported media type',
        `Content-Type ${req.headers['content-type'] ?? 'is missing'}: expected ${Object.keys(encodings).join(' or ')}`,
      )
    next()
  }

  const read = express.raw({ type: () => true, limit: maxBodyBytes })

  const take: RequestHandler = (req, res) => {
    const contentType = contentTypeOf(req) as ContentType
    const { decode, response } = encodings[contentType]
    const batch = decode(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0))
    const kept = sink(batch.spans)
    const reasons = [batch.reason, kept.reason].filter(Boolean)
    answer(res, contentType, response(batch.rejected + kept.rejected, reasons.join('; ')))
  }

  /** What the protocol says of failures: a Status in the request's own encoding. */
  const fail: ErrorRequestHandler = (error: unknown, req, res, next) => {
    const contentType = contentTypeOf(req)
    const refusal = refusalOf(error)
    if (!refusal || !contentType || res.headersSent) return next(error)
    res.status(refusal.status)
    answer(res, contentType, encodings[contentType].failure(rpcCodes[refusal.status], refusal.message))
  }

  return [admit, read, take, fail]
}

function contentTypeOf(req: Request): ContentType | undefined {
  const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return Object.hasOwn(encodings, type) ? (type as ContentType) : undefined
}

function answer(res: Response, contentType: ContentType, body: string | Uint8Array): void {
  res.type(contentType).send(typeof body === 'string' ? body : Buffer.from(body))
}

interface Refusal {
  status: 400 | 413 | 415
  message: string
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Malformed) return { status: 400, message: error.message }
  if (!(error instanceof Error) || !('status' in error)) return undefined
  switch (error.status) {
    case 413:
      return { status: 413, message: `The body has over ${maxBodyBytes} bytes unpacked: send smaller batches` }
    case 415:
      return { status: 415, message: `Content-Encoding: expected gzip (${error.message})` }
    case 400:
      return { status: 400, message: `The body could not be read: ${error.message}` }
    default:
      return undefined
  }
}
