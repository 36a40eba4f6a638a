import { Client, type ClientUnaryCall, compressionAlgorithms, type Metadata, type ServiceError } from '@grpc/grpc-js'
import { convertLegacyOtlpGrpcOptions } from '@opentelemetry/otlp-grpc-exporter-base'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { conceal, secretsOfHeaders } from '../redact.ts'
import { type BatchExporter, excerpt, type ExportOutcome, readAcceptance, withBiggest } from './outcome.ts'
import { isHttpUrl } from './endpoint.ts'
import { retryDelayMs } from './retry-info.ts'
import type { ExportTarget } from './target.ts'

const method = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const resourceExhausted = 8
/** https://opentelemetry.io/docs/specs/otlp/#failures */
const retryable = new Set([1, 4, 10, 11, 14, 15])

/** OTLP over gRPC: the stock exporter's settings and serializer, with a call of our own, which tells how it was answered. */
export class GrpcExporter implements BatchExporter {
  readonly #client: Client
  readonly #metadata: Metadata
  readonly #timeoutMs: number
  readonly #underWay = new Set<ClientUnaryCall>()

  constructor({ url, headers }: ExportTarget) {
    // What is no URL is gRPC's own business; the SDK still says whether it goes over TLS.
    const settings = convertLegacyOtlpGrpcOptions({ url: isHttpUrl(url) ? url : 'localhost' }, 'TRACES')
    this.#client = new Client(isHttpUrl(url) ? settings.url : url, settings.credentials(), {
      'grpc.default_compression_algorithm':
        compressionAlgorithms[settings.compression === 'gzip' ? 'gzip' : 'identity'],
      // It looks for who is gone as often as we send; its own pauses would grow to two minutes.
      'grpc.max_reconnect_backoff_ms': 5000,
    })
    this.#metadata = settings.metadata()
    if (headers) {
      for (const name of Object.keys(this.#metadata.getMap())) this.#metadata.remove(name)
      for (const [name, value] of Object.entries(headers)) this.#metadata.set(name, value)
    }
    this.#timeoutMs = settings.timeoutMillis
  }

  export(spans: ReadableSpan[], timeoutMs: number): Promise<ExportOutcome> {
    const message = ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array()
    const deadline = Date.now() + Math.min(timeoutMs, this.#timeoutMs)
    return new Promise((resolve) => {
      const answered = (error: ServiceError | null, response?: Buffer) => {
        this.#underWay.delete(call)
        resolve(error ? this.#failure(error, spans) : readAnswer(response, spans.length))
      }
      const args = [method, asBuffer, asIs, message, this.#metadata, { deadline }] as const
      const call = this.#client.makeUnaryRequest(...args, answered)
      this.#underWay.add(call)
    })
  }

  async shutdown(): Promise<void> {
    for (const call of this.#underWay) call.cancel()
    this.#client.close()
  }

  #failure({ code, message, metadata }: ServiceError, spans: ReadableSpan[]): ExportOutcome {
    const reason = conceal(secretsOfHeaders(this.#metadata.getMap()), excerpt(message))
    const retryAfterMs = retryDelayMs(metadata)
    // An exhausted resource passes only where the answer says so.
    if (retryable.has(code) || (code === resourceExhausted && retryAfterMs !== undefined))
      return { kind: 'retry', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    const refusal = { kind: 'refused', code: `grpc ${code}`, reason } as const
    return code === resourceExhausted ? withBiggest(refusal, spans) : refusal
  }
}

const asBuffer = ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length)
const asIs = (bytes: Buffer) => bytes

function readAnswer(response: Buffer | undefined, sent: number): ExportOutcome {
  try {
    return readAcceptance(ProtobufTraceSerializer.deserializeResponse(response ?? Buffer.alloc(0)), sent)
  } catch {
    return { kind: 'unconfirmed', reason: 'a message that is no answer of OTLP' }
  }
}
