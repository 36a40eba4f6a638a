import type { Encoding } from './encoding.ts'
import { asMessage, Malformed, type Message, numberOf } from './fields.ts'
import { type Batch, readRequest } from './read.ts'

/** OTLP's JSON writes ids as hex, unlike all other bytes: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
const encoding: Encoding = {
  open: (value) => asMessage(value),
  hex: (value) => (typeof value === 'string' ? value.toLowerCase() : undefined),
  base64: (value) => (typeof value === 'string' ? value : undefined),
  number: numberOf,
  digits: (value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? value : String(BigInt(Number(value)))),
}

/** An empty object is three bytes here and seventy in memory: a large body may not have as many as fit into it. */
const harmlessBytes = 8 * 1024 * 1024
const mostObjects = 4_000_000

function checkObjects(body: Buffer, what: string): void {
  if (body.length <= harmlessBytes) return
  let objects = 0
  for (const byte of body) if (byte === 0x7b || byte === 0x5b) objects++
  if (objects > mostObjects) throw new Malformed(what, `at most ${mostObjects} objects and lists`)
}

/** Throws Malformed. */
export function decodeJson(body: Buffer): Batch {
  return readRequest(parse(body, 'the body'), encoding)
}

/**
 * A line of a file: unlike a body, nothing but itself says that it is meant as a request for spans; one that is empty, `{}`,
 * may be. Throws Malformed.
 */
export function decodeJsonLine(line: Buffer): Batch {
  const request = parse(line, '')
  if (!Object.hasOwn(request, 'resourceSpans') && Object.keys(request).length > 0)
    throw new Malformed('', 'a request with resourceSpans')
  return readRequest(request, encoding)
}

function parse(body: Buffer, what: string): Message {
  checkObjects(body, what)
  let request: unknown
  try {
    request = JSON.parse(withDigits(body.toString()))
  } catch (error) {
    throw new Malformed(what, `JSON (${(error as Error).message.slice(0, 200)})`)
  }
  return asMessage(request, what)
}

/** Long whole numbers as text, as the protocol wants them: read as numbers, they would lose their last digits. */
const withDigits = (json: string) => json.replace(/("intValue"\s*:\s*)(-?\d{16,20})(?=\s*[,}])/g, '$1"$2"')

export function encodeJsonResponse(rejected: number, reason: string): string {
  return JSON.stringify(
    rejected > 0 ? { partialSuccess: { rejectedSpans: String(rejected), errorMessage: reason } } : {},
  )
}

export function encodeJsonFailure(code: number, message: string): string {
  return JSON.stringify({ code, message })
}
