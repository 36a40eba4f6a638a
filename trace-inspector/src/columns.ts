import { round } from 'findings/step'
import { encode } from './encode.ts'
import { type ReceivedSpan, spanKinds, statuses } from './otlp/span.ts'
import { oddityOf } from './times.ts'
import type { Trace } from './trace.ts'

/** A line of `GET /traces`. */
export function summaryOf(trace: Trace) {
  const { id, root, scenario, startMs, endMs, spans, services, errors, duplicates } = trace
  return {
    trace_id: id,
    name: root?.name ?? '',
    scenario,
    start_ms: startMs,
    duration_ms: startMs === null || endMs === null ? 0 : round(endMs - startMs),
    spans: spans.size,
    duplicates,
    errors,
    services: [...services],
  }
}

/**
 * A trace as columns, in order of start: 40,000 spans are 2 MB this way, and 50 as OTLP. Names, services, kinds and
 * statuses are places in the lists beside them; a parent is a place in the columns, −1 for none and −2 for one that did not arrive.
 */
export function columnsOf(trace: Trace) {
  const { spans, names, services, columns } = encode([...trace.spans.values()])
  return {
    ...summaryOf(trace),
    names: names.list,
    services: services.list,
    kinds: spanKinds,
    statuses,
    columns: {
      span_id: columns.id,
      parent: columns.parent,
      name: columns.name,
      service: columns.service,
      kind: spans.map(({ kind }) => spanKinds.indexOf(kind)),
      status: spans.map(({ status }) => statuses.indexOf(status)),
      /** Since the trace's start. */
      start_ms: columns.start,
      duration_ms: columns.duration,
    },
    /** Spans whose times are not all known, or that ended before they began: they take no time in the columns. */
    odd_times: spans.flatMap((span, index) => {
      const oddity = oddityOf(span)
      return oddity ? { span: index, oddity } : []
    }),
  }
}

/** Everything about one span. */
export function detailsOf(span: ReceivedSpan) {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    name: span.name,
    kind: span.kind,
    service: span.service,
    status: span.status,
    status_message: span.statusMessage,
    start_ms: span.startMs,
    end_ms: span.endMs,
    duration_ms: span.startMs === null || span.endMs === null ? null : round(Math.max(0, span.endMs - span.startMs)),
    odd_times: oddityOf(span),
    attributes: span.attributes,
    events: span.events.map(({ name, timeMs, attributes }) => ({ name, time_ms: timeMs, attributes })),
    links: span.links.map(({ traceId, spanId }) => ({ trace_id: traceId, span_id: spanId })),
    dropped: span.dropped,
    scope: span.scope,
    resource: span.resource,
    trace_state: span.traceState,
    flags: span.flags,
  }
}
