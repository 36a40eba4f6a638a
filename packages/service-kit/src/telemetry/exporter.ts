import { context } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, suppressTracing } from '@opentelemetry/core'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { type Attempts, attempts, endAttempts } from './attempts.ts'
import { takeRejection } from './diagnostics.ts'
import { estimateBytes } from './size.ts'
import type { Protocol } from './target.ts'

/** How one export ended. */
export type ExportOutcome =
  /** The collector has the spans, but for `rejected` of them (OTLP partial success). */
  | { kind: 'taken'; rejected: number; reason?: string }
  /** It may take them later: nobody answers, or it asks for patience. */
  | { kind: 'retry'; reason: string; retryAfterMs?: number }
  /** It never will. `code` is an HTTP status, a gRPC one as `grpc 16`, or a word where there was no answer. */
  | { kind: 'refused'; code: string; reason: string }

export interface BatchExporter {
  export(spans: ReadableSpan[], timeoutMs: number): Promise<ExportOutcome>
  shutdown(): Promise<void>
}

const exporters = { 'http/json': JsonExporter, 'http/protobuf': ProtobufExporter, grpc: GrpcExporter }

/**
 * The stock OTLP exporter for `protocol`, as a function of a batch. It is set up by the `OTEL_EXPORTER_OTLP_*` variables:
 * endpoint, headers, TLS files, compression, time-out. `onFailure` hears of every attempt that failed in a way that may
 * pass, before the export as a whole has ended.
 */
export function createExporter(protocol: Protocol, onFailure: (reason: string) => void): BatchExporter {
  const exporter = new exporters[protocol]()
  const send = (spans: ReadableSpan[]) =>
    new Promise<ExportResult>((resolve) =>
      context.with(suppressTracing(context.active()), () => exporter.export(spans, resolve)),
    )
  return {
    async export(spans, timeoutMs) {
      const seen: Attempts = { onFailure, isOver: false }
      let timer: NodeJS.Timeout | undefined
      const timedOut = new Promise<ExportOutcome>((resolve) => {
        timer = setTimeout(() => resolve({ kind: 'retry', reason: `no answer in ${timeoutMs} ms` }), timeoutMs)
      })
      const ended = attempts.run(seen, () => send(spans)).then((result) => outcomeOf(result, spans, seen))
      const outcome = await Promise.race([ended, timedOut])
      clearTimeout(timer)
      endAttempts(seen)
      return outcome
    },
    shutdown: () => exporter.shutdown(),
  }
}

interface ExportError extends Error {
  /** An HTTP status or a gRPC one; a word where there was no answer. */
  code?: string | number
  /** The body of an HTTP answer. */
  data?: string
  /** gRPC trailers. */
  metadata?: { get(name: string): (string | Buffer)[] }
}

function outcomeOf({ code, error }: ExportResult, spans: ReadableSpan[], seen: Attempts): ExportOutcome {
  if (code === ExportResultCode.SUCCESS) {
    const { spans: rejected, reason } = takeRejection()
    return { kind: 'taken', rejected, ...(reason !== undefined && { reason }) }
  }
  const failure: ExportError = error ?? new Error('unknown failure')
  if (typeof failure.code !== 'number') return { kind: 'retry', reason: failure.message, ...seen.failure }
  const reason = [failure.message, oneLine(failure.data)].filter(Boolean).join(': ').slice(0, 300)
  if (!failure.metadata) return refused(String(failure.code), reason, failure.code === 413, spans)
  if (isRetryableGrpc(failure)) return { kind: 'retry', reason }
  return refused(`grpc ${failure.code}`, reason, failure.code === grpcResourceExhausted, spans)
}

const grpcResourceExhausted = 8
const retryableGrpc = new Set([1, 4, 10, 11, 14, 15])

/** https://opentelemetry.io/docs/specs/otlp/#failures: an exhausted resource only when the answer says that it will pass. */
function isRetryableGrpc({ code, metadata }: ExportError): boolean {
  if (code !== grpcResourceExhausted) return retryableGrpc.has(Number(code))
  return String(metadata?.get('grpc-status-details-bin')[0] ?? '').includes('google.rpc.RetryInfo')
}

function refused(code: string, reason: string, isTooLarge: boolean, spans: ReadableSpan[]): ExportOutcome {
  if (!isTooLarge) return { kind: 'refused', code, reason }
  const biggest = spans.reduce((a, b) => (estimateBytes(b) > estimateBytes(a) ? b : a))
  const kib = Math.ceil(estimateBytes(biggest) / 1024)
  const which = `the biggest of ${spans.length} spans is ${biggest.name}, about ${kib} KiB`
  return { kind: 'refused', code, reason: `${reason}; ${which}` }
}

/** What an answer says, if it is text. */
function oneLine(text = ''): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return /^[\x20-\x7e]*$/.test(line) ? line : ''
}
