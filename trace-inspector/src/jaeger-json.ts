import type { Attributes, ReceivedSpan, Value } from './otlp/span.ts'
import { extentOf } from './times.ts'
import type { Trace } from './trace.ts'

/**
 * A trace as Jaeger's UI takes it under "JSON File"; what `readJaegerTrace` reads. Times are whole µs, lists their JSON text.
 * https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/
 */
export function jaegerJson(trace: Trace) {
  const resources = [...new Set(Array.from(trace.spans.values(), ({ resource }) => resource))]
  const processes = new Map(resources.map((resource, index) => [resource, `p${index + 1}`]))
  const origin = trace.startMs ?? 0
  return {
    data: [
      {
        traceID: trace.id,
        spans: Array.from(trace.spans.values(), (span) => spanOf(span, origin, processes.get(span.resource) as string)),
        processes: Object.fromEntries(
          Array.from(processes, ([{ 'service.name': name, ...tags }, id]) => [
            id,
            { serviceName: typeof name === 'string' ? name : '', tags: tagsOf(tags) },
          ]),
        ),
        warnings: null,
      },
    ],
  }
}

function spanOf(span: ReceivedSpan, originMs: number, processID: string) {
  const { startMs, endMs } = extentOf(span, originMs)
  const startTime = us(startMs)
  const parent =
    span.parentSpanId === null ? [] : [{ refType: 'CHILD_OF', traceID: span.traceId, spanID: span.parentSpanId }]
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    flags: span.flags & 0xff,
    operationName: span.name,
    references: [
      ...parent,
      ...span.links.map(({ traceId, spanId }) => ({ refType: 'FOLLOWS_FROM', traceID: traceId, spanID: spanId })),
    ],
    startTime,
    duration: us(endMs) - startTime,
    tags: tagsOf({ ...span.attributes, ...said(span) }),
    logs: span.events.map(({ name, timeMs, attributes }) => ({
      timestamp: us(timeMs ?? startMs),
      fields: tagsOf({ event: name, ...attributes }),
    })),
    processID,
    warnings: null,
  }
}

/** What Jaeger has no field for. */
function said({ kind, status, statusMessage, scope, traceState }: ReceivedSpan): Attributes {
  return {
    ...(kind !== 'unspecified' && { 'span.kind': kind }),
    ...(status !== 'unset' && { 'otel.status_code': status.toUpperCase() }),
    ...(status === 'error' && { error: true }),
    ...(statusMessage !== '' && { 'otel.status_description': statusMessage }),
    ...(scope.name !== '' && { 'otel.scope.name': scope.name }),
    ...(scope.version !== '' && { 'otel.scope.version': scope.version }),
    ...(traceState !== '' && { 'w3c.tracestate': traceState }),
  }
}

const us = (ms: number) => Math.round(ms * 1000)

const tagsOf = (attributes: Attributes) => Object.entries(attributes).map(([key, value]) => ({ key, ...typed(value) }))

function typed(value: Value): { type: string; value: string | number | boolean } {
  switch (typeof value) {
    case 'string':
      return { type: 'string', value }
    case 'boolean':
      return { type: 'bool', value }
    case 'number':
      return { type: Number.isInteger(value) ? 'int64' : 'float64', value }
    default:
      return { type: 'string', value: JSON.stringify(value) }
  }
}
