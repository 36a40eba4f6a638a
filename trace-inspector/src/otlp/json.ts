import { Malformed } from './fields.ts'
import { type Batch, type Encoding, readRequest } from './read.ts'

/** OTLP's JSON writes ids as hex, unlike all other bytes: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
const encoding: Encoding = {
  hex: (value) => (typeof value === 'string' ? value.toLowerCase() : undefined),
  base64: (value) => (typeof value === 'string' ? value : undefined),
}

/** Throws Malformed. */
export function decodeJson(body: Buffer): Batch {
  let request: unknown
  try {
    request = JSON.parse(body.toString())
  } catch (error) {
    throw new Malformed('the body', `JSON (${(error as Error).message.slice(0, 200)})`)
  }
  return readRequest(request, encoding)
}

export function encodeJsonResponse(rejected: number, reason: string): string {
  return JSON.stringify(
    rejected > 0 ? { partialSuccess: { rejectedSpans: String(rejected), errorMessage: reason } } : {},
  )
}

export function encodeJsonFailure(code: number, message: string): string {
  return JSON.stringify({ code, message })
}
