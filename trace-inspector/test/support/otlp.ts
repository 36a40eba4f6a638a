import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'

/** OTLP/JSON as far as tests look into it. */
export interface OtlpValue {
  stringValue?: string
  intValue?: number | string
  doubleValue?: number
  boolValue?: boolean
  arrayValue?: { values: OtlpValue[] }
}

export interface OtlpAttribute {
  key: string
  value: OtlpValue
}

export interface OtlpEvent {
  name: string
  timeUnixNano: string
  attributes?: OtlpAttribute[]
}

export interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  flags?: number
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: OtlpAttribute[]
  events?: OtlpEvent[]
  links?: { traceId: string; spanId: string }[]
  status?: { code: number; message?: string }
  droppedAttributesCount?: number
  droppedEventsCount?: number
  droppedLinksCount?: number
}

export interface OtlpResource {
  attributes: OtlpAttribute[]
}

export interface OtlpScope {
  name: string
  version?: string
}

export interface OtlpRequest {
  resourceSpans: {
    resource: OtlpResource
    scopeSpans: { scope?: OtlpScope; spans: OtlpSpan[] }[]
  }[]
}

/** A span as it travels: with what made it. */
export interface Parcel {
  resource: OtlpResource
  scope?: OtlpScope | undefined
  span: OtlpSpan
}

export function unpack(request: OtlpRequest): Parcel[] {
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) => spans.map((span) => ({ resource, scope, span }))),
  )
}

export function pack(parcels: readonly Parcel[]): OtlpRequest {
  return {
    resourceSpans: parcels.map(({ resource, scope, span }) => ({
      resource,
      scopeSpans: [{ ...(scope && { scope }), spans: [span] }],
    })),
  }
}

/** A small valid span. */
export function spanOf(changes: Partial<OtlpSpan> & Pick<OtlpSpan, 'traceId' | 'spanId'>): OtlpSpan {
  return {
    name: 'work',
    kind: 1,
    startTimeUnixNano: '1700000000000000000',
    endTimeUnixNano: '1700000000100000000',
    attributes: [],
    ...changes,
  }
}

export function resourceOf(service: string): OtlpResource {
  return { attributes: [{ key: 'service.name', value: { stringValue: service } }] }
}

export const { root: protocol } = protobuf.parse(
  readFileSync(new URL('../../src/otlp/trace.proto', import.meta.url), 'utf8'),
)

/** Fields that the receiver's description of the protocol has as bytes, and what is in them. */
const sealed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ExportTraceServiceRequest: { resourceSpans: 'ResourceSpans' },
  ResourceSpans: { resource: 'Resource', scopeSpans: 'ScopeSpans' },
  ScopeSpans: { scope: 'InstrumentationScope', spans: 'Span' },
}

/** A request in protobuf; ids, which JSON writes as hex, become bytes. */
export function encode(request: object): Buffer {
  const withBytes = JSON.parse(JSON.stringify(request), (key, value: unknown) =>
    /^(trace|span|parentSpan)Id$/.test(key) ? Buffer.from(value as string, 'hex').toString('base64') : value,
  ) as Record<string, unknown>
  return seal('ExportTraceServiceRequest', withBytes)
}

function seal(type: string, message: Record<string, unknown>): Buffer {
  const inner = { ...message }
  for (const [field, innerType] of Object.entries(sealed[type] ?? {})) {
    const value = message[field]
    if (Array.isArray(value)) inner[field] = value.map((item: Record<string, unknown>) => seal(innerType, item))
    else if (value !== undefined) inner[field] = seal(innerType, value as Record<string, unknown>)
  }
  const codec = protocol.lookupType(type)
  return Buffer.from(codec.encode(codec.fromObject(inner)).finish())
}
