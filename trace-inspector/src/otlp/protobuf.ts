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

/** Of what protobufjs decodes, numbers of 64 bits alone are such objects. */
const isLong = (value: unknown): value is { toNumber(): number } =>
  typeof value === 'object' && value !== null && 'toNumber' in value

/** Bytes that were not sent are an empty list. */
const encoding: Encoding = {
  open: (value, type) => decode(sealed[type], value as Uint8Array, '', `a ${type}`),
  hex: (value) => (Buffer.isBuffer(value) ? value.toString('hex') : ''),
  base64: (value) => (Buffer.isBuffer(value) ? value.toString('base64') : ''),
  number: (value) => (isLong(value) ? value.toNumber() : numberOf(value)),
  digits: String,
}

/** Throws Malformed. */
export function decodeProtobuf(body: Buffer): Batch {
  return readRequest(decode(Request, body, 'the body', 'an ExportTraceServiceRequest'), encoding)
}

function decode(type: protobuf.Type, bytes: Uint8Array, path: string, what: string): Message {
  try {
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
