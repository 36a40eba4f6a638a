import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import type { Encoding, SealedType } from './encoding.ts'
import { Malformed, type Message, numberOf } from './fields.ts'
import { type Batch, readRequest } from './read.ts'

const { root } = protobuf.parse(readFileSync(new URL('trace.proto', import.meta.url), 'utf8'))
const Request = root.lookupType('ExportTraceServiceRequest')
const Response = root.lookupType('ExportTraceServiceResponse')
const Failure = root.lookupType('Failure')
const sealed: Record<SealedType, protobuf.Type> = {
  ResourceSpans: root.lookupType('ResourceSpans'),
  Resource: root.lookupType('Resource'),
  ScopeSpans: root.lookupType('ScopeSpans'),
  InstrumentationScope: root.lookupType('InstrumentationScope'),
  Span: root.lookupType('Span'),
}

/** An empty message is two bytes on the wire and a hundred in memory: what one takes is bounded before it is opened. */
const mostParts = 1_000_000
const mostPartBytes = 16 * 1024 * 1024

/** Of what protobufjs decodes, numbers of 64 bits alone are such objects. */
const isLong = (value: unknown): value is { toNumber(): number } =>
  typeof value === 'object' && value !== null && 'toNumber' in value

/** Bytes that were not sent are an empty list. */
const encoding: Encoding = {
  open: (value, type) => {
    const bytes = value as Uint8Array
    if (type === 'Span' && bytes.length > mostPartBytes) throw new Malformed('', `at most ${mostPartBytes} bytes`)
    return decode(sealed[type], bytes, '', `a ${type}`)
  },
  hex: (value) => (Buffer.isBuffer(value) ? value.toString('hex') : ''),
  base64: (value) => (Buffer.isBuffer(value) ? value.toString('base64') : ''),
  number: (value) => (isLong(value) ? value.toNumber() : numberOf(value)),
  digits: String,
}

/** Throws Malformed. */
export function decodeProtobuf(body: Buffer): Batch {
  return readRequest(decode(Request, body, 'the body', 'an ExportTraceServiceRequest'), encoding)
}

/** Throws when a message has too many fields, or what is to be opened as a whole is too large. */
function checkParts(bytes: Uint8Array): void {
  const reader = protobuf.Reader.create(bytes)
  for (let parts = 1; reader.pos < reader.len; parts++) {
    reader.skipType(reader.uint32() & 7)
    if (parts > mostParts) throw new RangeError(`over ${mostParts} fields`)
  }
}

function decode(type: protobuf.Type, bytes: Uint8Array, path: string, what: string): Message {
  try {
    checkParts(bytes)
    return type.decode(bytes) as unknown as Message
  } catch (error) {
    throw new Malformed(path, `${what} in protobuf (${(error as Error).message})`)
  }
}

export function encodeProtobufResponse(rejected: number, reason: string): Uint8Array {
  return Response.encode(
    rejected > 0 ? { partialSuccess: { rejectedSpans: rejected, errorMessage: reason } } : {},
  ).finish()
}

export function encodeProtobufFailure(code: number, message: string): Uint8Array {
  return Failure.encode({ code, message }).finish()
}
