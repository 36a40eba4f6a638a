import { untraced } from '../spans.ts'
import { GrpcExporter } from './grpc.ts'
import { HttpExporter } from './http.ts'
import type { BatchExporter } from './outcome.ts'
import type { ExportTarget } from './target.ts'

/**
 * Sends batches of spans to `target` by OTLP. What it does not say is set by the `OTEL_EXPORTER_OTLP_*` variables: headers, TLS
 * files, compression, time-out. Nothing that it does is traced itself.
 */
export function createExporter(target: ExportTarget): BatchExporter {
  const exporter = target.protocol === 'grpc' ? new GrpcExporter(target) : new HttpExporter(target)
  return {
    export: (spans, timeoutMs) => untraced(() => exporter.export(spans, timeoutMs)),
    shutdown: () => exporter.shutdown(),
  }
}
