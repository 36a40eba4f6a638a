import type { Kept } from 'dialects/shapes'
import { Bytes } from './bytes.ts'
import { type Attributes, type AttributeValue, type EndedSpan, flagsOf, type SpanWriter } from './span.ts'

/** Field numbers and wire types of opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto, as one byte each. */
const field = {
  request: { resourceSpans: 0x0a },
  resourceSpans: { resource: 0x0a, scopeSpans: 0x12 },
  resource: { attributes: 0x0a },
  scopeSpans: { scope: 0x0a, spans: 0x12 },
  scope: { name: 0x0a, version: 0x12 },
  span: {
    traceId: 0x0a,
    spanId: 0x12,
    parentSpanId: 0x22,
    name: 0x2a,
    kind: 0x30,
    start: 0x39,
    end: 0x41,
    attributes: 0x4a,
    events: 0x5a,
    links: 0x6a,
    status: 0x7a,
  },
  event: { time: 0x09, name: 0x12, attributes: 0x1a },
  link: { traceId: 0x0a, spanId: 0x12, flags: 0x35 },
  status: { message: 0x12, code: 0x18 },
  keyValue: { key: 0x0a, value: 0x12 },
  value: { string: 0x0a, bool: 0x10, int: 0x18, double: 0x21, array: 0x2a },
  array: { values: 0x0a },
} as const
/** Span.flags is field 16: its tag takes two bytes. */
const flagsTag = new Uint8Array([0x85, 0x01])
const statusError = 2

/** How many names are kept ready; more are written each time. */
const mostKept = 4096

/** The spans of one service as OTLP: `take` gives an ExportTraceServiceRequest of what was added since. */
export class ProtobufWriter implements SpanWriter {
  readonly contentType = 'application/x-protobuf'
  readonly #head: Uint8Array
  readonly #scope: Uint8Array
  readonly #out = new Bytes(1 << 20)
  /** Where the request's message and its spans begin. */
  #resourceSpans = 0
  #scopeSpans = 0
  readonly #keys = new Map<string, Uint8Array>()
  readonly #texts = new Map<string, Uint8Array>()
  #count = 0
  #traceId = ''
  #traceIdBytes: Uint8Array = new Uint8Array()
  /** One function for all attributes of all spans. */
  readonly #visit = (name: string, value: AttributeValue) =>
    this.#attribute(this.#out, field.span.attributes, name, value)
  readonly #visitShared = (attributes: Attributes, kept: Kept) =>
    this.#out.bytes((kept.bytes ??= this.#written(attributes)))

  constructor(resource: Attributes, scope: { name: string; version?: string | undefined }) {
    const head = new Bytes(1024)
    head.byte(field.resourceSpans.resource)
    const at = head.open()
    for (const [key, value] of Object.entries(resource)) this.#attribute(head, field.resource.attributes, key, value)
    head.close(at)
    this.#head = head.takeCopy()
    head.byte(field.scopeSpans.scope)
    const inScope = head.open()
    head.byte(field.scope.name)
    head.text(scope.name)
    if (scope.version !== undefined) {
      head.byte(field.scope.version)
      head.text(scope.version)
    }
    head.close(inScope)
    this.#scope = head.takeCopy()
  }

  /** Spans that were added since the last `take`. */
  get count(): number {
    return this.#count
  }

  /** Bytes that they take. */
  get size(): number {
    return this.#out.length
  }

  add(span: EndedSpan): void {
    const out = this.#out
    if (this.#count++ === 0) this.#begin()
    out.byte(field.scopeSpans.spans)
    const start = out.open()
    out.bytes(this.#traceIdOf(span.traceId))
    out.byte(field.span.spanId)
    out.byte(8)
    out.hex(span.spanId)
    if (span.parentSpanId !== '') {
      out.byte(field.span.parentSpanId)
      out.byte(8)
      out.hex(span.parentSpanId)
    }
    out.bytes(flagsTag)
    out.fixed32(flagsOf(span.isRemoteParent))
    out.byte(field.span.name)
    out.bytes(this.#textOf(span.name))
    out.byte(field.span.kind)
    out.byte(span.kind)
    out.byte(field.span.start)
    out.nanoseconds(span.startMs)
    out.byte(field.span.end)
    out.nanoseconds(span.endMs)
    span.eachAttribute(this.#visit, this.#visitShared)
    for (const event of span.events) {
      out.byte(field.span.events)
      const at = out.open()
      out.byte(field.event.time)
      out.nanoseconds(event.timeMs)
      out.byte(field.event.name)
      out.bytes(this.#textOf(event.name))
      this.#attributes(out, field.event.attributes, event.attributes)
      out.close(at)
    }
    for (const spanId of span.links) this.#link(out, span.traceId, spanId, false)
    for (const { trace_id, span_id } of span.linksElsewhere) this.#link(out, trace_id, span_id, true)
    if (span.failure !== undefined) {
      out.byte(field.span.status)
      const at = out.open()
      if (span.failure !== '') {
        out.byte(field.status.message)
        out.text(span.failure)
      }
      out.byte(field.status.code)
      out.byte(statusError)
      out.close(at)
    }
    out.close(start)
  }

  #link(out: Bytes, traceId: string, spanId: string, isRemote: boolean): void {
    out.byte(field.span.links)
    const at = out.open()
    out.byte(field.link.traceId)
    out.byte(16)
    out.hex(traceId)
    out.byte(field.link.spanId)
    out.byte(8)
    out.hex(spanId)
    out.byte(field.link.flags)
    out.fixed32(flagsOf(isRemote))
    out.close(at)
  }

  take(): Uint8Array {
    if (this.#count === 0) this.#begin()
    this.#count = 0
    this.#out.close(this.#scopeSpans)
    this.#out.close(this.#resourceSpans)
    return this.#out.take()
  }

  /** Writes what comes before the spans. */
  #begin(): void {
    const out = this.#out
    out.byte(field.request.resourceSpans)
    this.#resourceSpans = out.open()
    out.bytes(this.#head)
    out.byte(field.resourceSpans.scopeSpans)
    this.#scopeSpans = out.open()
    out.bytes(this.#scope)
  }

  #attributes(out: Bytes, tag: number, attributes: Attributes): void {
    for (const key in attributes) this.#attribute(out, tag, key, attributes[key] as AttributeValue)
  }

  #attribute(out: Bytes, tag: number, name: string, value: AttributeValue): void {
    const key = this.#keyOf(name)
    const { value: valueTag } = field.keyValue
    if (typeof value === 'string' && out.pair(tag, key, valueTag, field.value.string, value)) return
    if (typeof value === 'number' && out.pairOfCount(tag, key, valueTag, field.value.int, value)) return
    out.byte(tag)
    const pair = out.open()
    out.bytes(key)
    out.byte(field.keyValue.value)
    const at = out.open()
    writeValue(out, value)
    out.close(at)
    out.close(pair)
  }

  /** A key with its tag and length, encoded once. */
  #keyOf(name: string): Uint8Array {
    const known = this.#keys.get(name)
    if (known) return known
    scratch.byte(field.keyValue.key)
    scratch.text(name)
    const made = scratch.takeCopy()
    this.#keys.set(name, made)
    return made
  }

  /** Attributes of a span, the same whichever writer writes them. */
  #written(attributes: Attributes): Uint8Array {
    this.#attributes(sheet, field.span.attributes, attributes)
    return sheet.takeCopy()
  }

  /** A trace's id with its tag and length: spans come trace by trace. */
  #traceIdOf(traceId: string): Uint8Array {
    if (traceId !== this.#traceId) {
      this.#traceId = traceId
      scratch.byte(field.span.traceId)
      scratch.byte(16)
      scratch.hex(traceId)
      this.#traceIdBytes = scratch.takeCopy()
    }
    return this.#traceIdBytes
  }

  /** A name with its length, encoded once. */
  #textOf(text: string): Uint8Array {
    const known = this.#texts.get(text)
    if (known) return known
    scratch.text(text)
    const made = scratch.takeCopy()
    if (this.#texts.size < mostKept) this.#texts.set(text, made)
    return made
  }
}

const scratch = new Bytes(4096)
/** A key may be written to the one while a set of attributes is written to the other. */
const sheet = new Bytes(4096)

function writeValue(out: Bytes, value: AttributeValue): void {
  if (typeof value === 'string') {
    out.byte(field.value.string)
    out.text(value)
  } else if (typeof value === 'boolean') {
    out.byte(field.value.bool)
    out.byte(value ? 1 : 0)
  } else if (typeof value === 'number') {
    if (Number.isInteger(value)) {
      out.byte(field.value.int)
      out.int64(value)
    } else {
      out.byte(field.value.double)
      out.double(value)
    }
  } else {
    out.byte(field.value.array)
    const array = out.open()
    for (const item of value) {
      out.byte(field.array.values)
      const at = out.open()
      writeValue(out, item)
      out.close(at)
    }
    out.close(array)
  }
}
