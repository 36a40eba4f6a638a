import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import {
  createSecureServer as createSecureHttp2Server,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { decodeJson } from '../../../../trace-inspector/src/otlp/json.ts'
import { decodeProtobuf, encodeProtobufResponse } from '../../../../trace-inspector/src/otlp/protobuf.ts'
import type { ReceivedSpan } from '../../../../trace-inspector/src/otlp/span.ts'

/** How the collector answers. */
export interface Behavior {
  /** An HTTP status, or a gRPC one in a collector that speaks gRPC; spans are taken at 200 and 0. */
  status?: number
  headers?: Record<string, string>
  /** Instead of an OTLP answer; over gRPC the words of a status, or a message. */
  body?: string | Buffer
  /** How long an answer takes, ms. */
  delayMs?: number
  /** Reads and never answers, or breaks the connection off. */
  instead?: 'hang' | 'reset'
  /** Spans of each request that are turned down (partial success). */
  rejects?: number
  /** Knows no JSON: 415. */
  takesNoJson?: boolean
}

export interface Received {
  headers: Record<string, unknown>
  /** As it came. */
  body: Buffer
  spans: number
  /** How it was answered. */
  behavior: Behavior
}

/** A collector of OTLP that does what a test asks of it, over real sockets. */
export class SimulatedCollector {
  behavior: Behavior = {}
  /** How it answers the next requests, one each, before that. */
  script: Behavior[] = []
  /** What was taken, by span id. */
  readonly spans = new Map<string, ReceivedSpan>()
  /** Spans that came once more, and had been taken before. */
  duplicates = 0
  readonly requests: Received[] = []
  readonly #server: Server
  readonly #scheme: string
  readonly #sockets = new Set<Socket>()
  #port = 0
  #onEvent: () => void = () => {}

  private constructor(server: Server, scheme: string) {
    this.#server = server
    this.#scheme = scheme
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.#onEvent()
      })
    })
  }

  static async start(
    options: { protocol?: 'http' | 'grpc'; tls?: { cert: string; key: string; ca?: string } } = {},
  ): Promise<SimulatedCollector> {
    const { protocol = 'http', tls } = options
    const asksForCertificate = tls?.ca !== undefined && { requestCert: true, rejectUnauthorized: true }
    const secure = tls && { ...tls, ...asksForCertificate }
    const server =
      protocol === 'grpc'
        ? (secure ? createSecureHttp2Server(secure) : createHttp2Server()).on('stream', answerGrpc)
        : secure
          ? createTlsServer(secure, answer)
          : createServer(answer)
    function answerGrpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
      void collector.#grpc(stream, headers)
    }
    function answer(...exchange: Parameters<RequestListener>) {
      void collector.#http(...exchange)
    }
    const collector = new SimulatedCollector(server, tls ? 'https' : 'http')
    await collector.up()
    return collector
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`
  }

  /** Listens, where it listened before. */
  up(): Promise<void> {
    return new Promise((resolve) =>
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#port = (this.#server.address() as AddressInfo).port
        resolve()
      }),
    )
  }

  /** Refuses connections, and breaks off those that there are. */
  down(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  /** Resolves when nobody is connected. */
  idle(): Promise<void> {
    return this.until(() => this.#sockets.size === 0)
  }

  /** Resolves once `isDone`, which is asked after every request and every connection. */
  until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onEvent = () => {
        if (isDone()) resolve()
      }
      this.#onEvent()
    })
  }

  #take(spans: ReceivedSpan[]): void {
    for (const span of spans) {
      if (this.spans.has(span.spanId)) this.duplicates++
      this.spans.set(span.spanId, span)
    }
  }

  /** Writes a request down, and says how it is to be answered. */
  async #answerTo(headers: Received['headers'], body: Buffer, spans: ReceivedSpan[]): Promise<Behavior> {
    const behavior = this.script.shift() ?? this.behavior
    this.requests.push({ headers, body, spans: spans.length, behavior })
    await delay(behavior)
    return behavior
  }

  async #http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    if (!body) return
    const content = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const type = request.headers['content-type'] ?? ''
    const isJson = type === 'application/json'
    const { spans } = isJson ? decodeJson(content) : decodeProtobuf(content)
    const behavior = await this.#answerTo(request.headers, body, spans)
    const { rejects = 0 } = behavior
    const status = isJson && behavior.takesNoJson ? 415 : (behavior.status ?? 200)
    if (status === 200 && !behavior.instead) this.#take(spans.slice(rejects))
    this.#onEvent()
    if (behavior.instead === 'reset') request.socket.destroy()
    if (behavior.instead) return
    response.writeHead(status, behavior.headers)
    if (behavior.body !== undefined || status !== 200) return void response.end(behavior.body)
    const partial = { rejectedSpans: String(rejects), errorMessage: 'too old' }
    response.end(
      isJson
        ? JSON.stringify(rejects ? { partialSuccess: partial } : {})
        : encodeProtobufResponse(rejects, partial.errorMessage),
    )
  }

  async #grpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on('error', () => {})
    const body = await bodyOf(stream)
    if (!body) return
    // A compressed-flag, four bytes of length, and the message.
    const message = body[0] === 1 ? gunzipSync(body.subarray(5)) : body.subarray(5)
    const { spans } = decodeProtobuf(message)
    const behavior = await this.#answerTo(headers, body, spans)
    const { status = 0, rejects = 0 } = behavior
    if (status === 0 && !behavior.instead) this.#take(spans.slice(rejects))
    this.#onEvent()
    if (behavior.instead === 'reset') stream.session?.destroy()
    if (behavior.instead) return
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    const words = typeof behavior.body === 'string' ? behavior.body : ''
    stream.on('wantTrailers', () =>
      stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': words, ...behavior.headers }),
    )
    if (status !== 0) return void stream.end()
    const answer = Buffer.from(behavior.body ?? encodeProtobufResponse(rejects, 'too old'))
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32BE(answer.length, 1)
    stream.end(Buffer.concat([prefix, answer]))
  }
}

/** The whole of a body; undefined when its sender left in the middle. */
async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

async function delay({ delayMs = 0 }: Behavior): Promise<void> {
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
}
