import type { ExportOutcome } from './exporter.ts'
import type { Protocol } from './target.ts'

const remedies: Record<string, string> = {
  '401': 'set OTEL_EXPORTER_OTLP_HEADERS to the credentials that it asks for',
  '403': 'set OTEL_EXPORTER_OTLP_HEADERS to credentials that may write traces',
  '404': 'OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/traces appended; OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is taken as it is',
  '413': 'lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE, or let the collector accept larger bodies',
  '415': 'set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
  'grpc 7': 'set OTEL_EXPORTER_OTLP_HEADERS to credentials that may write traces',
  'grpc 12': 'this is not an OTLP/gRPC endpoint: check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL',
  'grpc 16': 'set OTEL_EXPORTER_OTLP_HEADERS to the credentials that it asks for',
}

/**
 * Says once what is wrong with the way spans go, and once when it is well again. Every span's fate is in the counters;
 * a log that repeats itself hides what is new.
 */
export function createReporter(
  target: { protocol: Protocol; url: string },
  capacity: number,
  log: (line: string) => void,
) {
  let isFailing = false
  let hasDropped = false
  const refusals = new Set<string>()

  return (outcome: ExportOutcome | { kind: 'dropped'; spans: number }): void => {
    switch (outcome.kind) {
      case 'taken': {
        if (isFailing) log(`telemetry: ${target.url} takes spans again`)
        isFailing = false
        if (outcome.rejected > 0 && !refusals.has('partial')) {
          refusals.add('partial')
          log(
            `telemetry: ${target.url} rejected ${outcome.rejected} spans of a batch: ${outcome.reason ?? 'no reason given'}`,
          )
        }
        return
      }
      case 'retry':
        if (isFailing) return
        isFailing = true
        return log(
          `telemetry: ${target.url} takes no spans (${outcome.reason}). Everything else works; up to ${capacity} spans are kept for when it does. ` +
            'OTEL_EXPORTER_OTLP_ENDPOINT says where they go, OTEL_TRACES_EXPORTER=none that nobody wants them.',
        )
      case 'refused': {
        if (refusals.has(outcome.code)) return
        refusals.add(outcome.code)
        const remedy = remedies[outcome.code] ?? 'its log may say why'
        return log(
          `telemetry: ${target.url} refuses spans (${target.protocol}): ${outcome.code} ${outcome.reason}. Remedy: ${remedy}.`,
        )
      }
      case 'dropped':
        if (hasDropped) return
        hasDropped = true
        return log(
          'telemetry: spans are being lost, GET /telemetry counts them: nobody took them before the queue was full',
        )
    }
  }
}
