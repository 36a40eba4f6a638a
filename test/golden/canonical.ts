import { createHash } from 'node:crypto'

/** A span as OTLP/JSON writes it; only what is read here. */
export interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes?: KeyValue[]
  events?: { name: string; attributes?: KeyValue[] }[]
  links?: { spanId: string; attributes?: KeyValue[] }[]
  status?: { code?: number; message?: string }
  droppedAttributesCount?: number
  service: string
  scope: string
}
interface KeyValue {
  key: string
  value: Record<string, unknown>
}

/** Attributes whose value was measured, or says where the run took place. */
const measured = new Set([
  'ati.worker.queued_ms',
  'ati.stream.gap_ms',
  'ati.stream.next_ms',
  'ati.stream.tokens',
  'gen_ai.response.time_to_first_chunk',
  'server.port',
  'client.port',
  'network.peer.port',
])
/** A stream's tokens are as many as fit into its time. */
const measuredOnStreams = new Set(['gen_ai.usage.output_tokens', 'gen_ai.output.messages', 'gen_ai.input.messages'])

function attributesOf(list: readonly KeyValue[] = [], isStream = false): unknown[] {
  return list.map(({ key, value }) => {
    if (measured.has(key) || (isStream && measuredOnStreams.has(key))) return [key, Object.keys(value)[0]]
    if (key === 'url.full') return [key, String(value.stringValue).replace(/:\d+\//, ':PORT/')]
    return [key, value]
  })
}

/**
 * The spans of a trace without ids, times and what was measured: each as one line behind its place in the tree, the lines
 * in order. Types and order of attributes stay, so that two versions that agree write the same bytes but for those.
 */
export function canonical(spans: readonly OtlpSpan[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const placeOf = (id: string | undefined): string[] => {
    const span = byId.get(id ?? '')
    return span ? [...placeOf(span.parentSpanId), labelOf(span)] : []
  }
  const lines = spans.map((span) => {
    const isStream = (span.attributes ?? []).some(({ key }) => key === 'gen_ai.request.stream')
    const { service, scope, name, kind, status, droppedAttributesCount } = span
    const events = (span.events ?? [])
      .filter((event) => event.name !== 'stall')
      .map((event) => [event.name, attributesOf(event.attributes)])
    // When background work ends among tokens is measured.
    if (isStream) events.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    const links = (span.links ?? []).map((link) => [placeOf(link.spanId), link.attributes])
    const said = [service, scope, name, kind, status, droppedAttributesCount, attributesOf(span.attributes, isStream)]
    return `${placeOf(span.spanId).join(' > ')} ${JSON.stringify([...said, events, links])}`
  })
  return lines.sort()
}

/** Tells a span from its siblings by what is decided about it. */
function labelOf({ name, attributes = [] }: OtlpSpan): string {
  const told = ['ati.agent.id', 'gen_ai.tool.call.id', 'ati.rag.chunk.index', 'http.request.resend_count', 'ati.step']
  const values = attributes.filter(({ key }) => told.includes(key)).map(({ value }) => Object.values(value)[0])
  return [name, ...values].join(' ')
}

export const digestOf = (lines: readonly string[]) => createHash('sha256').update(lines.join('\n')).digest('hex')
