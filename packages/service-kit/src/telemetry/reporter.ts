import { withoutCredentials } from '../redact.ts'
import type { ExportOutcome } from './outcome.ts'
import type { ExportTarget } from './target.ts'

const tooLarge = 'let the collector accept larger bodies, or lower SPAN_BATCH_MIB and OTEL_BSP_MAX_EXPORT_BATCH_SIZE'
const credentials = 'set OTEL_EXPORTER_OTLP_HEADERS to the credentials that it asks for'
const permission = 'set OTEL_EXPORTER_OTLP_HEADERS to credentials that may write traces'

const remedies: Record<string, string> = {
  '401': credentials,
  '403': permission,
  '404': 'OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/traces appended; OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is taken as it is',
  '413': tooLarge,
  '415': 'check OTEL_EXPORTER_OTLP_ENDPOINT, and OTEL_EXPORTER_OTLP_COMPRESSION where that is set',
  'grpc 7': permission,
  'grpc 8': tooLarge,
  'grpc 12': 'this is not an OTLP/gRPC endpoint: check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL',
  'grpc 16': credentials,
}

const asksFor = (ms = 0) => (ms > 0 ? `, asks to wait ${Math.ceil(ms / 1000)} s` : '')

/** An outage that begins sooner than this after the last one was told belongs to it, ms. */
const sameOutageMs = 60_000

/** Hears how every export ended that began at `startedAt` (of `performance.now()`), and of spans that had to be dropped. */
export type Report = (outcome: ExportOutcome | { kind: 'dropped'; spans: number }, startedAt?: number) => void

/** What follows from what was told, which is not the same for everyone who sends. */
export interface Consequences {
  /** Nobody takes spans at the moment. */
  outage: string
  /** Success was answered in a way that says nothing. */
  unconfirmed: string
}

const ofService = (capacity: number): Consequences => ({
  outage:
    `Everything else works; up to ${capacity} spans are kept for when it does. ` +
    'OTEL_EXPORTER_OTLP_ENDPOINT says where they go, OTEL_TRACES_EXPORTER=none that nobody wants them.',
  unconfirmed: 'GET /telemetry counts them as unconfirmed',
})

/**
 * Says once what is wrong with the way spans go, and once when it is well again. Every span's fate is in the counters;
 * a log that repeats itself hides what is new. `consequences` are by default those of a service that keeps `capacity` spans.
 */
export function createReporter(
  target: ExportTarget,
  capacity: number,
  log: (line: string) => void,
  consequences = ofService(capacity),
): Report {
  const url = withoutCredentials(target.url)
  let { protocol } = target
  const told = new Set<string>()
  let isOutageTold = false
  let toldAt = -Infinity
  let failedAt = -Infinity
  let dropped = 0

  /** Whether this is the first of its kind. Of what differs each time, the first few will do. */
  const isNew = (kind: string) => told.size < 30 && !told.has(kind) && told.add(kind)

  return (outcome, startedAt = performance.now()) => {
    switch (outcome.kind) {
      case 'taken':
        // An export that was under way when another failed says nothing of how things are since.
        if (startedAt > failedAt) {
          if (isOutageTold) {
            log(`${url} takes spans again${dropped > 0 ? `; ${dropped} were lost meanwhile` : ''}`)
            dropped = 0
          }
          isOutageTold = false
        }
        if (outcome.rejected > 0 && isNew('partial'))
          log(`${url} rejected ${outcome.rejected} spans of a batch: ${outcome.reason ?? 'no reason given'}`)
        if (outcome.rejected === 0 && outcome.reason && isNew(`warning ${outcome.reason.replace(/\d+/g, '0')}`))
          log(`${url} takes spans, and warns: ${outcome.reason}`)
        return
      case 'unconfirmed':
        if (isNew('unconfirmed'))
          log(
            `${url} answers success with ${outcome.reason}: whether anybody keeps the spans is not known, ${consequences.unconfirmed}. ` +
              'Remedy: OTEL_EXPORTER_OTLP_ENDPOINT is to be an OTLP receiver, often at port 4318, and no page.',
          )
        return
      case 'again':
        protocol = outcome.protocol
        if (isNew('again'))
          log(
            `${url} takes no JSON (${outcome.reason}): spans go as ${protocol} from now on. ` +
              `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} says so from the start.`,
          )
        return
      case 'retry':
        failedAt = performance.now()
        if (isOutageTold || failedAt - toldAt < sameOutageMs) return
        isOutageTold = true
        toldAt = failedAt
        return log(`${url} takes no spans (${outcome.reason}${asksFor(outcome.retryAfterMs)}). ${consequences.outage}`)
      case 'refused':
        if (isNew(outcome.code))
          log(
            `${url} refuses spans (${protocol}): ${outcome.code} ${outcome.reason}. ` +
              `Remedy: ${remedies[outcome.code] ?? 'its log may say why'}.`,
          )
        return
      case 'dropped':
        dropped += outcome.spans
        if (dropped === outcome.spans)
          log('spans are being lost, GET /telemetry counts them: nobody took them before the queue was full')
    }
  }
}
