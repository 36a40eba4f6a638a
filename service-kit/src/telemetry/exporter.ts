import { context, diag, DiagLogLevel, type DiagLogger } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, diagLogLevelFromString, suppressTracing } from '@opentelemetry/core'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { estimateBytes } from './processor.ts'
import type { Protocol } from './target.ts'

/** How one export ended. */
export type ExportOutcome =
  /** The collector has the spans, but for `rejected` of them (OTLP partial success). */
  | { kind: 'taken'; rejected: number; reason?: string }
  /** It may take them later: nobody answers, or it asks for patience. */
  | { kind: 'retry'; reason: string }
  /** It never will. `code` is an HTTP status, or a gRPC one as `grpc 16`. */
  | { kind: 'refused'; code: string; reason: string }

export interface BatchExporter {
  export(spans: ReadableSpan[], timeoutMs: number): Promise<ExportOutcome>
  shutdown(): Promise<void>
}

/** gRPC status codes that OTLP calls retryable: https://opentelemetry.io/docs/specs/otlp/#failures */
const retryableGrpc = new Set([1, 4, 8, 10, 11, 14, 15])

function outcomeOf(result: ExportResult, protocol: Protocol, spans: ReadableSpan[]): ExportOutcome {
  if (result.code === ExportResultCode.SUCCESS) return { kind: 'taken', rejected: 0 }
  const error = result.error as (Error & { code?: string | number }) | undefined
  const code = error?.code
  const reason = (error?.message || String(code ?? 'unknown failure')).slice(0, 300)
  if (protocol === 'grpc' && typeof code === 'number') {
    return retryableGrpc.has(code) ? { kind: 'retry', reason } : { kind: 'refused', code: `grpc ${code}`, reason }
  }
  // The HTTP exporter reports a status only when it is final; time-outs, lost connections, 429 and 503 come without one.
  if (typeof code !== 'number') return { kind: 'retry', reason }
  if (code !== 413) return { kind: 'refused', code: String(code), reason }
  const biggest = spans.reduce((a, b) => (estimateBytes(b) > estimateBytes(a) ? b : a))
  const size = Math.ceil(estimateBytes(biggest) / 1024)
  return {
    kind: 'refused',
    code: '413',
    reason: `${reason}; the biggest of ${spans.length} spans is ${biggest.name}, about ${size} KiB`,
  }
}

/**
 * The stock OTLP exporter for `protocol`, as a function of a batch. It is set up by the `OTEL_EXPORTER_OTLP_*` variables:
 * endpoint, headers, TLS files, compression, time-out.
 */
export function createExporter(protocol: Protocol): BatchExporter {
  const exporter: SpanExporter =
    protocol === 'grpc'
      ? new GrpcExporter()
      : protocol === 'http/protobuf'
        ? new ProtobufExporter()
        : new JsonExporter()
  return {
    export: (spans, timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve({ kind: 'retry', reason: `no answer in ${timeoutMs} ms` }), timeoutMs)
        context.with(suppressTracing(context.active()), () =>
          exporter.export(spans, (result) => {
            clearTimeout(timer)
            const outcome = outcomeOf(result, protocol, spans)
            resolve(outcome.kind === 'taken' ? { ...outcome, ...takeRejected() } : outcome)
          }),
        )
      }),
    shutdown: () => exporter.shutdown(),
  }
}

/**
 * What the collector turned down within an accepted export. The exporter tells nobody but the diagnostic log, immediately
 * before it reports success: that is where it is picked up.
 */
const rejected: { spans: number; reason?: string } = { spans: 0 }

function takeRejected(): { rejected: number; reason?: string } {
  const { spans, reason } = rejected
  rejected.spans = 0
  delete rejected.reason
  return reason === undefined ? { rejected: spans } : { rejected: spans, reason }
}

const partialSuccess = 'Received Partial Success response:'

/** Sends the SDK's diagnostics to the console, warnings and worse unless `OTEL_LOG_LEVEL` says otherwise. */
export function installDiagnostics(env: NodeJS.ProcessEnv): void {
  const print = (...parts: unknown[]) => console.error('telemetry:', ...parts)
  const warn = (message: string, ...parts: unknown[]) => {
    const at = [message, ...parts].indexOf(partialSuccess)
    if (at < 0) return print(message, ...parts)
    const { rejectedSpans = 0, errorMessage } = JSON.parse(String([message, ...parts][at + 1]))
    rejected.spans = Number(rejectedSpans)
    if (errorMessage) rejected.reason = String(errorMessage).slice(0, 300)
  }
  const logger: DiagLogger = { error: print, warn, info: print, debug: print, verbose: print }
  const asked = env.OTEL_LOG_LEVEL === undefined ? undefined : diagLogLevelFromString(env.OTEL_LOG_LEVEL)
  diag.setLogger(logger, { logLevel: asked ?? DiagLogLevel.WARN, suppressOverrideMessage: true })
}
