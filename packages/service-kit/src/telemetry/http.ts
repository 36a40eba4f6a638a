import { setImmediate } from 'node:timers/promises'
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { HttpTransport, type MessageType } from './http-transport.ts'
import { type BatchExporter, type ExportOutcome, withBiggest } from './outcome.ts'
import type { ExportTarget } from './target.ts'

const serializers: Record<MessageType, typeof JsonTraceSerializer> = {
  'application/json': JsonTraceSerializer,
  'application/x-protobuf': ProtobufTraceSerializer,
}

/** OTLP over HTTP with the stock exporters' serializers. Whoever takes no JSON gets protobuf from then on. */
export class HttpExporter implements BatchExporter {
  readonly #transport: HttpTransport
  #type: MessageType

  constructor(target: ExportTarget) {
    this.#transport = new HttpTransport(target)
    this.#type = target.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
  }

  async export(spans: ReadableSpan[], timeoutMs: number): Promise<ExportOutcome> {
    // A batch takes milliseconds to be written: two in one turn of the event loop hold up whoever asks something small.
    await setImmediate()
    const type = this.#type
    const body = serializers[type].serializeRequest(spans) ?? new Uint8Array()
    const outcome = await this.#transport.post({ type, body, count: spans.length }, timeoutMs)
    if (outcome.kind !== 'refused') return outcome
    if (outcome.code === '415' && type === 'application/json') {
      this.#type = 'application/x-protobuf'
      return { kind: 'again', protocol: 'http/protobuf', reason: `${outcome.code} ${outcome.reason}`.trim() }
    }
    return outcome.code === '413' ? withBiggest(outcome, spans) : outcome
  }

  shutdown(): Promise<void> {
    return this.#transport.shutdown()
  }
}
