import { expect, test } from 'vitest'
import { notCompared } from '../src/verify/transport.ts'
import { protocol } from './support/otlp.ts'

/** The fields of the protocol's messages for traces (opentelemetry-proto v1.7.0), and what is said of those that are not read. */
const fields: Record<string, Record<string, RegExp | null>> = {
  ExportTraceServiceRequest: { resource_spans: null },
  ResourceSpans: { resource: null, scope_spans: null, schema_url: /schema URLs/ },
  Resource: {
    attributes: null,
    dropped_attributes_count: /dropped of a resource/,
    entity_refs: /entities of resources/,
  },
  ScopeSpans: { scope: null, spans: null, schema_url: /schema URLs/ },
  InstrumentationScope: {
    name: null,
    version: null,
    attributes: /attributes of scopes/,
    dropped_attributes_count: /dropped of .* a scope/,
  },
  Span: {
    trace_id: null,
    span_id: null,
    trace_state: null,
    parent_span_id: null,
    flags: null,
    name: null,
    kind: null,
    start_time_unix_nano: null,
    end_time_unix_nano: null,
    attributes: null,
    dropped_attributes_count: null,
    events: null,
    dropped_events_count: null,
    links: null,
    dropped_links_count: null,
    status: null,
  },
  Event: { time_unix_nano: null, name: null, attributes: null, dropped_attributes_count: /dropped of .* an event/ },
  Link: {
    trace_id: null,
    span_id: null,
    trace_state: /links all but the ids/,
    attributes: /links all but the ids/,
    dropped_attributes_count: /dropped of .* a link/,
    flags: /links all but the ids/,
  },
  Status: { message: null, code: null },
}

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

test.each(Object.entries(fields))('what is not read of a %s is said not to be compared', (type, ofType) => {
  const read = protocol.lookupType(type).fieldsArray.map(({ name }) => name)
  const names = Object.keys(ofType)
  expect(read.toSorted()).toEqual(
    names
      .filter((name) => ofType[name] === null)
      .map(camel)
      .toSorted(),
  )
  for (const said of Object.values(ofType)) if (said) expect(notCompared.join('; ')).toMatch(said)
})

test('what nobody can know of SERVER spans is said not to be compared', () => {
  expect(notCompared[0]).toMatch(/attributes, events and scopes of SERVER spans, links that were added to them/)
})
