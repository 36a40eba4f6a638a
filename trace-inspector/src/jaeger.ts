import { z } from 'zod'
import { type Attributes, none, nothingDropped, type ReceivedSpan, spanKinds, type Value } from './otlp/span.ts'
import { Trace } from './trace.ts'
import { type Transport, notCompared } from './verify/transport.ts'

/**
 * What Jaeger's query API cannot carry (v1.62): it writes times in whole microseconds, start and duration each cut, and
 * has no lists.
 */
export const jaeger: Transport = {
  timeToleranceMs: 0.003,
  listsAsText: true,
  hasFlagsAndCounts: false,
  notCarried: [
    'times finer than a microsecond',
    'lists: they come as their JSON text',
    'flags, and counts of what was dropped',
    ...notCompared,
  ],
}

const field = z.object({ key: z.string(), type: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) })
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
      processes: z.record(z.string(), z.object({ serviceName: z.string(), tags: z.array(field) })),
    }),
  ),
})

/** What `GET /api/traces/{trace id}?raw=true` answered, as the trace that was sent to it. */
export function readJaegerTrace(traceId: string, { data }: z.output<typeof jaegerAnswerSchema>): Trace {
  const trace = new Trace(traceId)
  for (const { spans, processes } of data) {
    const read = new Map(
      Object.entries(processes).map(([id, { serviceName, tags }]) => {
        const { attributes, wholeDoubles } = readTags(tags)
        return [id, { service: serviceName, resource: attributes, resourceDoubles: wholeDoubles }]
      }),
    )
    for (const span of spans) trace.add(readSpan(traceId, span, read.get(span.processID) ?? nobody))
  }
  return trace
}

type Process = Pick<ReceivedSpan, 'service' | 'resource' | 'resourceDoubles'>
const nobody: Process = { service: '', resource: {}, resourceDoubles: none }

/** https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/, which Jaeger itself follows */
function readSpan(traceId: string, span: JaegerSpan, process: Process): ReceivedSpan {
  const tags = readTags(span.tags)
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
  } = tags.attributes
  const references = (span.references ?? []).map((to) => ({ ...to, traceID: to.traceID.padStart(32, '0') }))
  const parent = references.find(({ refType, traceID }) => refType === 'CHILD_OF' && traceID === traceId)
  return {
    traceId,
    spanId: span.spanID,
    parentSpanId: parent?.spanID ?? null,
    name: span.operationName,
    kind: spanKinds.find((known) => known === kind) ?? 'unspecified',
    ...process,
    startMs: span.startTime / 1000,
    endMs: (span.startTime + span.duration) / 1000,
    attributes,
    wholeDoubles: tags.wholeDoubles,
    events: (span.logs ?? []).map(({ timestamp, fields }) => {
      const read = readTags(fields)
      const { event, ...attributes } = read.attributes
      return { name: textOf(event), timeMs: timestamp / 1000, attributes, wholeDoubles: read.wholeDoubles }
    }),
    links: references
      .filter((to) => to !== parent)
      .map(({ traceID, spanID }) => ({ traceId: traceID, spanId: spanID })),
    status: status === 'ERROR' ? 'error' : status === 'OK' ? 'ok' : 'unset',
    statusMessage: textOf(statusMessage),
    scope: { name: textOf(scopeName), version: textOf(scopeVersion) },
    traceState: textOf(traceState),
    flags: 0,
    dropped: nothingDropped,
  }
}

const textOf = (value: Value | undefined) => (typeof value === 'string' ? value : '')

/** What no number can hold comes as text with the type of a number, and bytes come as base64. */
function valueOf({ type, value }: z.output<typeof field>): Value {
  if (typeof value !== 'string') return value
  switch (type) {
    case 'int64':
      return { int: value }
    case 'float64':
      return { double: value }
    case 'binary':
      return { bytes: value }
    default:
      return value
  }
}

function readTags(fields: readonly z.output<typeof field>[]): Pick<ReceivedSpan, 'attributes' | 'wholeDoubles'> {
  const attributes: Attributes = Object.fromEntries(fields.map((field) => [field.key, valueOf(field)]))
  const doubles = fields.filter(({ type, value }) => type === 'float64' && Number.isInteger(value))
  return { attributes, wholeDoubles: doubles.length > 0 ? doubles.map(({ key }) => key) : none }
}
