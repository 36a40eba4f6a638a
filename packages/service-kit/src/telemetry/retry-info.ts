import type { Metadata } from '@grpc/grpc-js'
import protobuf from 'protobufjs'

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto and error_details.proto */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Status { repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
`)
export const Status = root.lookupType('Status')
export const RetryInfo = root.lookupType('RetryInfo')

/** How long the details of a gRPC status ask to wait, ms; undefined when they do not say that to try again makes sense. */
export function retryDelayMs(metadata: Metadata): number | undefined {
  const [bytes] = metadata.get('grpc-status-details-bin')
  if (!Buffer.isBuffer(bytes)) return undefined
  try {
    const status = Status.toObject(Status.decode(bytes), { arrays: true })
    const details = status.details as { typeUrl: string; value: Uint8Array }[]
    const info = details.find(({ typeUrl }) => typeUrl.endsWith('/google.rpc.RetryInfo'))
    if (!info) return undefined
    const asked = RetryInfo.toObject(RetryInfo.decode(info.value), { longs: Number })
    const { seconds = 0, nanos = 0 } = (asked.retryDelay ?? {}) as { seconds?: number; nanos?: number }
    return Math.max(0, seconds * 1000 + nanos / 1e6)
  } catch {
    // Details are an extra: what cannot be read says nothing.
    return undefined
  }
}
