import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { Malformed } from './fields.ts'
import { type Batch, type Encoding, readRequest } from './read.ts'

const { root } = protobuf.parse(readFileSync(new URL('trace.proto', import.meta.url), 'utf8'))
const Request = root.lookupType('ExportTraceServiceRequest')
const Response = root.lookupType('ExportTraceServiceResponse')
const Failure = root.lookupType('Failure')

/** Bytes that were not sent are an empty list. */
const encoding: Encoding = {
  hex: (value) => (Buffer.isBuffer(value) ? value.toString('hex') : ''),
  base64: (value) => (Buffer.isBuffer(value) ? value.toString('base64') : ''),
}

/** Throws Malformed. */
export function decodeProtobuf(body: Buffer): Batch {
  let request: unknown
  try {
    request = Request.decode(body)
  } catch (error) {
    throw new Malformed('the body', `an ExportTraceServiceRequest in protobuf (${(error as Error).message})`)
  }
  return readRequest(request, encoding)
}

export function encodeProtobufResponse(rejected: number, reason: string): Uint8Array {
  return Response.encode(
    rejected > 0 ? { partialSuccess: { rejectedSpans: rejected, errorMessage: reason } } : {},
  ).finish()
}

export function encodeProtobufFailure(code: number, message: string): Uint8Array {
  return Failure.encode({ code, message }).finish()
}
