import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { startPair as StartPair } from '../../scripts/pair.ts'
import { canonical, type OtlpSpan } from './canonical.ts'

/** Runs of every scenario that between them write all that its spans can carry; each is played with every seed. */
export const runs: Record<string, string[]> = {
  fanout: ['/run?fanout=12&stragglers=2&delay_ms=3&llm_delay_ms=1&error_rate=0.2'],
  chain: [
    '/run?scenario=chain&depth=4&delay_ms=2&llm_delay_ms=1',
    '/run?scenario=chain&depth=6&mode=flat&delay_ms=2&llm_delay_ms=1&error_rate=0.3',
  ],
  retry: [
    '/run?scenario=retry&fanout=10&error_rate=0.5&max_retries=2&delay_ms=2&llm_delay_ms=1&backoff_ms=1&conversation_id=talk',
  ],
  dag: ['/run?scenario=dag&fanout=6&stragglers=1&delay_ms=2&llm_delay_ms=1&error_rate=0.1'],
  react: [
    '/run?scenario=react&max_steps=6&finish_probability=0.2&slow_tool_probability=0.3&delay_ms=2&llm_delay_ms=1&error_rate=0.2',
  ],
  human: [
    '/run?scenario=human&human_delay_s=0.01&delay_ms=2&llm_delay_ms=1',
    '/run?scenario=human&human_delay_s=0&outcome=reject&delay_ms=2&llm_delay_ms=1',
  ],
  rag: [
    '/run?scenario=rag&rag_chunks=4&rag_chunk_size_kb=1&ms_per_kb=0.5&delay_ms=2&llm_delay_ms=1',
    '/run?scenario=rag&rag_chunks=3&capture_content=false&ms_per_kb=0.5&delay_ms=2&llm_delay_ms=1&error_rate=0.5',
  ],
  overflow: [
    '/run?scenario=overflow&steps=3&context_window=4096&delay_ms=2&llm_delay_ms=1&lookalike=short_answer',
    '/run?scenario=overflow&steps=3&context_window=4096&at_limit=refuse&delay_ms=2&llm_delay_ms=1',
  ],
  loop: [
    '/run?scenario=loop&steps=3&repeats=3&delay_ms=2&llm_delay_ms=1&error_rate=0.2',
    '/run?scenario=loop&steps=2&max_steps=6&gives_up=false&lookalike=retry&delay_ms=2&llm_delay_ms=1',
  ],
  stream: [
    '/stream?duration_s=0.2&background_fanout=4&tool_delay_ms=5&ttft_ms=5&token_interval_ms=10&contention=0.5&error_rate=0.3',
  ],
  handoff: ['/run?scenario=handoff&hops=3&severed=1&human_delay_s=0&delay_ms=2&llm_delay_ms=1&conversation_id=talk'],
  cascade: [
    '/run?scenario=cascade&calls=12&capacity=2&queue=1&load=0.9&delay_ms=3&llm_delay_ms=1&backoff_ms=2&max_retries=2&error_rate=0.2',
  ],
  silent: ['/run?scenario=silent&lookups=3&flaws=2&flaw=any&delay_ms=2&llm_delay_ms=1'],
  hallucination: [
    '/run?scenario=hallucination&lookups=4&hallucinations=2&hallucination=any&delay_ms=2&llm_delay_ms=1',
    '/run?scenario=hallucination&lookups=2&recovers=false&capture_content=false&delay_ms=2&llm_delay_ms=1',
  ],
}
export const seeds = ['a', 'b', 'c']

/** Takes OTLP/JSON, and tells every span as it came. */
async function startSink() {
  const spans: OtlpSpan[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      for (const { resource, scopeSpans } of (JSON.parse(text.toString()) as Request).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
        for (const { scope, spans: some } of scopeSpans)
          for (const span of some) spans.push({ ...span, service, scope: scope.name })
      }
      response.setHeader('Content-Type', 'application/json').end('{}')
      for (const look of waiting) look()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The spans of a trace, once there are so many. */
    trace: (traceId: string, count: number) =>
      new Promise<OtlpSpan[]>((resolve) => {
        const look = () => {
          const found = spans.filter((span) => span.traceId === traceId)
          if (found.length < count) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface Request {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] }
    scopeSpans: { scope: { name: string }; spans: Omit<OtlpSpan, 'service' | 'scope'>[] }[]
  }[]
}

/**
 * Plays every scenario with every seed on real processes, with content on the spans and without; resolves to the canonical
 * lines of each trace by what was asked for.
 */
export async function play(startPair: typeof StartPair): Promise<Map<string, string[]>> {
  const sink = await startSink()
  const played = new Map<string, string[]>()
  try {
    for (const content of ['false', 'true']) {
      const pair = await startPair({
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: content,
      })
      try {
        for (const path of Object.values(runs).flat())
          for (const seed of seeds) {
            const url = `${path}&seed=${seed}`
            const response = await fetch(`${pair.agent.url}${url}`, {
              headers: { accept: 'text/event-stream, application/json' },
            })
            const body = await response.text()
            const answer = JSON.parse(/event: result\ndata: (.*)\n/.exec(body)?.[1] ?? body) as {
              trace_id: string
              spans: { total: number }
            }
            const spans = await sink.trace(answer.trace_id, answer.spans.total)
            played.set(`${url} content=${content}`, canonical(spans))
          }
      } finally {
        await pair.stop()
      }
    }
  } finally {
    sink.close()
  }
  return played
}
