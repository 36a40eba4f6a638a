// The floor under simulate: flat spans that mean nothing, written and sent as cheaply as we can. node flat-spans.ts COUNT URL|none
import { ProtobufWriter } from 'simulate/otlp/protobuf'
import { type EndedSpan, spanKind } from 'simulate/otlp/span'
import { request } from 'undici'

const [count = '1', url = 'none'] = process.argv.slice(2)
const spansOfRequest = 4096

class FlatSpan implements EndedSpan {
  readonly traceId = '18ccdc22d495b932db8dea2f90e7753f'
  spanId = ''
  readonly parentSpanId = '18ccdc22d495b932'
  readonly name = 'lets-go'
  readonly kind = spanKind.client
  startMs = 0
  endMs = 0
  readonly events = []
  readonly links = []
  readonly linksElsewhere = []
  readonly failure = undefined
  readonly isRemoteParent = false

  eachAttribute(visit: Parameters<EndedSpan['eachAttribute']>[0]): void {
    visit('network.peer.address', '1.2.3.4')
    visit('peer.service', 'telemetrygen-server')
  }
}

const writer = new ProtobufWriter({ 'service.name': 'flat' }, { name: 'flat' })
const span = new FlatSpan()

async function send(): Promise<void> {
  const body = writer.take()
  if (url === 'none') return
  const answer = await request(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': writer.contentType },
    body,
  })
  await answer.body.dump()
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}`)
}

const startMs = Date.now()
for (let index = 0; index < Number(count); index++) {
  span.spanId = (index + 2 ** 40).toString(16).padStart(16, '0')
  span.startMs = startMs + index / 1000
  span.endMs = span.startMs + 0.123
  writer.add(span)
  if (writer.count === spansOfRequest) await send()
}
if (writer.count > 0) await send()
