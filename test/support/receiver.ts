import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface ReceivedSpan {
  trace_id: string
  span_id: string
  parent_span_id: string | null
  name: string
  kind: 'internal' | 'server' | 'client'
  service: string
  attributes: Record<string, unknown>
  events: { name: string; time_ms: number; attributes: Record<string, unknown> }[]
  links: string[]
  status: 'unset' | 'error'
  start_ms: number
  end_ms: number
}

interface Any {
  stringValue?: string
  intValue?: number | string
  doubleValue?: number
  boolValue?: boolean
  arrayValue?: { values?: Any[] }
}
interface KeyValue {
  key: string
  value: Any
}

function valueOf(any: Any): unknown {
  if (any.arrayValue) return (any.arrayValue.values ?? []).map(valueOf)
  if (any.intValue !== undefined) return Number(any.intValue)
  return any.stringValue ?? any.doubleValue ?? any.boolValue
}

const attributesOf = (list: KeyValue[] = []) => Object.fromEntries(list.map(({ key, value }) => [key, valueOf(value)]))

/** Nanoseconds as text to milliseconds with fraction. */
const ms = (nanos: string) => Number(BigInt(nanos) / 1000n) / 1000

const kinds: Record<number, ReceivedSpan['kind']> = { 1: 'internal', 2: 'server', 3: 'client' }

interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes?: KeyValue[]
  events?: { name: string; timeUnixNano: string; attributes?: KeyValue[] }[]
  links?: { spanId: string }[]
  status?: { code?: number }
}
interface OtlpRequest {
  resourceSpans: { resource: { attributes: KeyValue[] }; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

function spansOf(request: OtlpRequest): ReceivedSpan[] {
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name'])
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        trace_id: span.traceId,
        span_id: span.spanId,
        parent_span_id: span.parentSpanId || null,
        name: span.name,
        kind: kinds[span.kind] ?? 'internal',
        service,
        attributes: attributesOf(span.attributes),
        events: (span.events ?? []).map((event) => ({
          name: event.name,
          time_ms: ms(event.timeUnixNano),
          attributes: attributesOf(event.attributes),
        })),
        links: (span.links ?? []).map(({ spanId }) => spanId),
        status: span.status?.code === 2 ? ('error' as const) : ('unset' as const),
        start_ms: ms(span.startTimeUnixNano),
        end_ms: ms(span.endTimeUnixNano),
      })),
    )
  })
}

export interface Receiver {
  url: string
  spans: ReceivedSpan[]
  /** Resolves with the spans of a trace once there are `count` of them. */
  trace: (traceId: string, count: number) => Promise<ReceivedSpan[]>
  close: () => Promise<void>
}

/** Takes OTLP over HTTP as JSON, for tests that look at what a process really exported. */
export async function startReceiver(): Promise<Receiver> {
  const spans: ReceivedSpan[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      for (const span of spansOf(JSON.parse(text.toString()) as OtlpRequest)) spans.push(span)
      response.setHeader('Content-Type', 'application/json').end('{}')
      for (const check of waiting) check()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    trace: (traceId, count) =>
      new Promise((resolve) => {
        const check = () => {
          const found = spans.filter(({ trace_id }) => trace_id === traceId)
          if (found.length < count) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** How many spans there are of each name. */
export function countByName(spans: readonly ReceivedSpan[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { name } of spans) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Spans as a trace viewer shows them: indented below their parents, equal neighbours counted. */
export function spanTree(spans: readonly ReceivedSpan[]): string {
  const ids = new Set(spans.map(({ span_id }) => span_id))
  const childrenOf = Map.groupBy(spans, ({ parent_span_id }) =>
    parent_span_id && ids.has(parent_span_id) ? parent_span_id : '',
  )
  const draw = (parent: string, indent: string): string[] => {
    const children = (childrenOf.get(parent) ?? []).toSorted((a, b) => a.start_ms - b.start_ms)
    const drawn = children.map((child) => [`${indent}${child.name}`, ...draw(child.span_id, `${indent}  `)].join('\n'))
    const runs: { text: string; count: number }[] = []
    for (const text of drawn) {
      const last = runs.at(-1)
      if (last?.text === text) last.count++
      else runs.push({ text, count: 1 })
    }
    return runs.map(({ text, count }) => (count > 1 ? text.replace(/^( *)/, `$1${count} × `) : text))
  }
  return draw('', '').join('\n')
}
