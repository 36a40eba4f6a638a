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
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: OtlpAttribute[]
  events?: OtlpEvent[]
  links?: { traceId: string; spanId: string }[]
  status?: { code: number }
}

export interface OtlpResource {
  attributes: OtlpAttribute[]
}

export interface OtlpRequest {
  resourceSpans: { resource: OtlpResource; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

/** A span as it travels: with what made it. */
export interface Parcel {
  resource: OtlpResource
  span: OtlpSpan
}

export function unpack(request: OtlpRequest): Parcel[] {
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ resource, span }))),
  )
}

export function pack(parcels: readonly Parcel[]): OtlpRequest {
  return { resourceSpans: parcels.map(({ resource, span }) => ({ resource, scopeSpans: [{ spans: [span] }] })) }
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
