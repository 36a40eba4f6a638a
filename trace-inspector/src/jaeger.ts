import { z } from 'zod'
import { type Attributes, none, nothingDropped, type ReceivedSpan, spanKinds, type Value } from './otlp/span.ts'
import { Trace } from './trace.ts'
import type { Carrier } from './verify/carrier.ts'

/**
 * What Jaeger's query API cannot carry (v1.62): it writes times in whole microseconds, start and duration each cut, and
 * has no lists.
 */
export const jaeger: Carrier = {
  timeToleranceMs: 0.003,
  listsAsText: true,
  notCarried: ['times finer than a microsecond', 'lists: they come as their JSON text'],
}

const field = z.object({ key: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) })
const reference = z.object({ refType: z.string(), traceID: z.string(), spanID: z.string() })
const spanSchema = z.object({
  spanID: z.string(),
  operationName: z.string(),
  references: z.array(reference).nullable(),
  startTime: z.number(),
  duration: z.number(),
  tags: z.array(field),
  logs: z.array(z.object({ timestamp: z.number(), fields: z.array(field) })).nullable(),
  processID: z.string(),
})
type JaegerSpan = z.output<typeof spanSchema>

export const jaegerAnswerSchema = z.object({
  data: z.array(
    z.object({
      spans: z.array(spanSchema),
      processes: z.record(z.string(), z.object({ serviceName: z.string() })),
    }),
  ),
})

/** What `GET /api/traces/{trace id}?raw=true` answered, as the trace that was sent to it. */
export function readJaegerTrace(traceId: string, { data }: z.output<typeof jaegerAnswerSchema>): Trace {
  const trace = new Trace(traceId)
  for (const { spans, processes } of data)
    for (const span of spans) trace.add(readSpan(traceId, span, processes[span.processID]?.serviceName ?? ''))
  return trace
}

/** https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/, which Jaeger itself follows */
function readSpan(traceId: string, span: JaegerSpan, service: string): ReceivedSpan {
  const {
    'span.kind': kind,
    'otel.status_code': status,
    'otel.status_description': statusMessage,
    'otel.scope.name': scopeName,
    'otel.scope.version': scopeVersion,
    'w3c.tracestate': traceState,
    'internal.span.format': _format,
    error: _error,
    ...attributes
  } = attributesOf(span.tags)
  const references = (span.references ?? []).map((to) => ({ ...to, traceID: to.traceID.padStart(32, '0') }))
  const parent = references.find(({ refType, traceID }) => refType === 'CHILD_OF' && traceID === traceId)
  return {
    traceId,
    spanId: span.spanID,
    parentSpanId: parent?.spanID ?? null,
    name: span.operationName,
    kind: spanKinds.find((known) => known === kind) ?? 'unspecified',
    service,
    startMs: span.startTime / 1000,
    endMs: (span.startTime + span.duration) / 1000,
    attributes,
    wholeDoubles: none,
    events: (span.logs ?? []).map(({ timestamp, fields }) => {
      const { event, ...others } = attributesOf(fields)
      return { name: textOf(event), timeMs: timestamp / 1000, attributes: others, wholeDoubles: none }
    }),
    links: references
      .filter((to) => to !== parent)
      .map(({ traceID, spanID }) => ({ traceId: traceID, spanId: spanID })),
    status: status === 'ERROR' ? 'error' : status === 'OK' ? 'ok' : 'unset',
    statusMessage: textOf(statusMessage),
    resource: {},
    scope: { name: textOf(scopeName), version: textOf(scopeVersion) },
    traceState: textOf(traceState),
    flags: 0,
    dropped: nothingDropped,
  }
}

const textOf = (value: Value | undefined) => (typeof value === 'string' ? value : '')

function attributesOf(fields: readonly { key: string; value: Value }[]): Attributes {
  return Object.fromEntries(fields.map(({ key, value }) => [key, value]))
}
