import type { Agent, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { conceal, secretsOf, secretsOfHeaders } from '../redact.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { excerpt, type ExportOutcome, readAcceptance } from './outcome.ts'
import type { ExportTarget } from './target.ts'

export type MessageType = 'application/json' | 'application/x-protobuf'

/** An ExportTraceServiceRequest as it goes over the wire. */
export interface Message {
  type: MessageType
  body: Uint8Array
  /** Spans in it. */
  count: number
}

/** https://opentelemetry.io/docs/specs/otlp/#failures-1 */
const retryable = new Set([429, 502, 503, 504])

/** Of an answer; more of it is not read. */
const maxAnswerBytes = 1024 * 1024

interface Answer {
  status: number
  statusText: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** False when it broke off. */
  isWhole: boolean
}

/**
 * OTLP over HTTP: the stock exporters' settings (the `OTEL_EXPORTER_OTLP_*` variables), with a request of our own, which tells
 * how it was answered.
 */
export class HttpTransport {
  readonly #target: ExportTarget
  readonly #settings: ReturnType<typeof convertLegacyHttpOptions>
  #connection: ReturnType<typeof connect> | undefined

  constructor(target: ExportTarget) {
    this.#target = target
    this.#settings = convertLegacyHttpOptions({ url: target.url }, 'TRACES', 'v1/traces', {})
  }

  /** One attempt, of `timeoutMs` at most. */
  async post(message: Message, timeoutMs: number): Promise<ExportOutcome> {
    const headers = this.#target.headers ?? (await this.#settings.headers())
    const answer = await this.#request(message, headers, Math.min(timeoutMs, this.#settings.timeoutMillis))
    if (typeof answer === 'string') return { kind: 'retry', reason: answer }
    const outcome = outcomeOf(answer, message)
    const secrets = secretsOfHeaders(headers)
    return outcome.reason === undefined
      ? outcome
      : { ...outcome, reason: conceal([...secrets, ...secretsOf(this.#settings.url)], outcome.reason) }
  }

  async shutdown(): Promise<void> {
    const { agent } = (await this.#connection) ?? {}
    agent?.destroy()
  }

  /** Resolves to a reason where there was no answer. */
  async #request(
    { type, body: message }: Message,
    headers: Record<string, string>,
    timeoutMs: number,
  ): Promise<Answer | string> {
    const { url, compression } = this.#settings
    const { request, agent } = await (this.#connection ??= connect(this.#settings))
    const signal = AbortSignal.timeout(timeoutMs)
    const isCompressed = compression === 'gzip'
    const body = isCompressed ? await promisify(gzip)(message) : message
    const own = { 'Content-Type': type, ...(isCompressed && { 'Content-Encoding': 'gzip' }) }
    const sent = request(url, {
      method: 'POST',
      agent,
      signal,
      headers: { 'User-Agent': userAgent, ...headers, ...own },
    })
    return new Promise((resolve) => {
      sent.once('response', (response) => resolve(read(response)))
      sent.on('error', (error) => resolve(signal.aborted ? `no answer in ${timeoutMs} ms` : describe(error)))
      sent.end(body)
    })
  }
}

const userAgent = 'Synthetic-Agent-Infrastructure OTel-OTLP-Exporter-JavaScript'

/** Loaded with the first export, so that an instrumentation of HTTP comes before it. */
async function connect({ url, agentFactory }: ReturnType<typeof convertLegacyHttpOptions>) {
  const { protocol } = new URL(url)
  const { request } = await (protocol === 'https:' ? import('node:https') : import('node:http'))
  const agent: Agent = await agentFactory(protocol)
  return { request, agent }
}

/** An address that failed in several ways (IPv6 and IPv4) says so in its parts alone. */
function describe(error: Error): string {
  const parts: unknown[] = error instanceof AggregateError ? error.errors : [error]
  return parts.map((part) => (part instanceof Error ? part.message : String(part))).join(', ')
}

async function read(response: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, statusMessage: statusText = '', headers } = response
  const chunks: Buffer[] = []
  let size = 0
  let isWhole = true
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxAnswerBytes) break
    }
  } catch {
    isWhole = false
  }
  return { status, statusText, headers, body: Buffer.concat(chunks), isWhole }
}

const statusOf = ({ status, statusText }: Answer) => `${status} ${statusText}`.trim()

function outcomeOf(answer: Answer, { type, count }: Message): ExportOutcome {
  const { status, statusText, headers, body, isWhole } = answer
  if (status >= 200 && status < 300) {
    if (!isWhole) return { kind: 'retry', reason: `the answer ${statusOf(answer)} broke off` }
    return outcomeOfSuccess(body, headers['content-type'] ?? type, count)
  }
  if (retryable.has(status)) {
    const retryAfterMs = parseRetryAfter(headers['retry-after'])
    return { kind: 'retry', reason: statusOf(answer), ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }
  const reason = [statusText, excerpt(body.toString())].filter(Boolean).join(': ')
  return { kind: 'refused', code: String(status), reason }
}

/** Nothing at all is a full success; some receivers write JSON whatever they were sent. */
function outcomeOfSuccess(body: Buffer, contentType: string, sent: number): ExportOutcome {
  const type = contentType.replace(/;.*/s, '').trim().toLowerCase()
  if (type === 'text/html') return { kind: 'unconfirmed', reason: 'text/html, which is no answer of OTLP' }
  if (body.length === 0) return { kind: 'taken', rejected: 0 }
  let response: unknown
  try {
    response =
      type === 'application/x-protobuf'
        ? ProtobufTraceSerializer.deserializeResponse(body)
        : JSON.parse(body.toString())
  } catch {
    return { kind: 'unconfirmed', reason: `${type} that cannot be read, which is no answer of OTLP` }
  }
  return readAcceptance(response, sent)
}
