import type { Attributes, ReceivedSpan, Value } from './otlp/span.ts'
import { plainly } from './page/model/value.ts'
import { extentOf } from './times.ts'
import type { Trace } from './trace.ts'

/**
 * A trace as Jaeger's UI takes it under "JSON File"; what `readJaegerTrace` reads. Times are whole µs, lists their JSON text;
 * whole numbers beyond 2⁵³ are text of the type int64, as Jaeger itself writes them, and so is what is no finite number.
 * https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/
 */
export function jaegerJson(trace: Trace) {
  const resources = new Map(Array.from(trace.spans.values(), (span) => [span.resource, span.resourceDoubles]))
  const processes = new Map([...resources.keys()].map((resource, index) => [resource, `p${index + 1}`]))
  const origin = trace.startMs ?? 0
  return {
    data: [
      {
        traceID: trace.id,
        spans: Array.from(trace.spans.values(), (span) => spanOf(span, origin, processes.get(span.resource) as string)),
        processes: Object.fromEntries(
          Array.from(processes, ([resource, id]) => {
            const { 'service.name': name, ...tags } = resource
            const serviceName = typeof name === 'string' ? name : ''
            return [id, { serviceName, tags: tagsOf(tags, resources.get(resource)) }]
          }),
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
    tags: tagsOf({ ...span.attributes, ...said(span) }, span.wholeDoubles),
    logs: span.events.map(({ name, timeMs, attributes, wholeDoubles }) => ({
      timestamp: us(timeMs ?? startMs),
      fields: tagsOf({ event: name, ...attributes }, wholeDoubles),
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

function tagsOf(attributes: Attributes, wholeDoubles: readonly string[] = []) {
  const doubles = new Set(wholeDoubles)
  return Object.entries(attributes).map(([key, value]) => ({ key, ...typed(value, doubles.has(key)) }))
}

/** The types of what no number here can hold, and of bytes. */
const types = { int: 'int64', double: 'float64', bytes: 'binary' } as const

function typed(value: Value, isDouble: boolean): { type: string; value: string | number | boolean } {
  switch (typeof value) {
    case 'string':
      return { type: 'string', value }
    case 'boolean':
      return { type: 'bool', value }
    case 'number':
      return { type: isDouble || !Number.isInteger(value) ? 'float64' : 'int64', value }
    default: {
      const plain = plainly(value)
      if (typeof plain !== 'string') return { type: 'string', value: JSON.stringify(plain) }
      // Nothing else that is no text is text when it is plain.
      const [wrapper] = Object.keys(value as object) as [keyof typeof types]
      return { type: types[wrapper], value: plain }
    }
  }
}
