import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ReadableSpan, InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { createExporter } from '../../src/telemetry/exporter.ts'
import type { ExportOutcome } from '../../src/telemetry/outcome.ts'
import { RetryInfo, Status } from '../../src/telemetry/retry-info.ts'
import { exportTarget, type Protocol } from '../../src/telemetry/target.ts'
import { selfMadeCertificate } from '../support/certificate.ts'
import { SimulatedCollector } from '../support/collector.ts'

const protocols: Protocol[] = ['http/json', 'http/protobuf', 'grpc']
let collector: SimulatedCollector | undefined

afterEach(async () => {
  vi.unstubAllEnvs()
  await collector?.down()
  collector = undefined
})

function realSpans(count: number, bytes = 10): ReadableSpan[] {
  const memory = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: memory })] })
  const tracer = provider.getTracer('test')
  for (let index = 0; index < count; index++) {
    tracer.startSpan(`span ${index}`, { attributes: { text: 'x'.repeat(bytes * (index + 1)) } }).end()
  }
  return memory.getFinishedSpans()
}

async function exportTo(
  target: SimulatedCollector,
  protocol: Protocol,
  env: Record<string, string> = {},
  options: { spans?: ReadableSpan[]; timeoutMs?: number } = {},
): Promise<ExportOutcome> {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', target.url)
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const exporter = createExporter({ ...exportTarget(process.env), protocol })
  try {
    return await exporter.export(options.spans ?? realSpans(3), options.timeoutMs ?? 5000)
  } finally {
    void exporter.shutdown()
  }
}

const start = async (...options: Parameters<typeof SimulatedCollector.start>) =>
  (collector = await SimulatedCollector.start(...options))
const startFor = (protocol: Protocol) => start({ protocol: protocol === 'grpc' ? 'grpc' : 'http' })

describe.each(protocols)('over %s', (protocol) => {
  it('delivers spans', async () => {
    const target = await startFor(protocol)
    await expect(exportTo(target, protocol)).resolves.toEqual({ kind: 'taken', rejected: 0 })
    expect([...target.spans.values()].map(({ name }) => name)).toEqual(['span 0', 'span 1', 'span 2'])
  })

  it('hears what was rejected of a batch', async () => {
    const target = await startFor(protocol)
    target.behavior = { rejects: 2 }
    await expect(exportTo(target, protocol)).resolves.toEqual({ kind: 'taken', rejected: 2, reason: 'too old' })
    target.behavior = {}
    await expect(exportTo(target, protocol)).resolves.toEqual({ kind: 'taken', rejected: 0 })
  })

  it('does not take for a success what no OTLP receiver answers', async () => {
    const target = await startFor(protocol)
    target.behavior = { body: Buffer.from('<!doctype html><title>Sign in</title>') }
    await expect(exportTo(target, protocol)).resolves.toMatchObject({ kind: 'unconfirmed' })
  })

  it('does not count what was rejected of a batch where that cannot be', async () => {
    const target = await startFor(protocol)
    target.behavior = { rejects: 4 }
    await expect(exportTo(target, protocol)).resolves.toEqual({
      kind: 'unconfirmed',
      reason: expect.stringContaining('for 3 spans'),
    })
  })

  it('sends to another target beside that of the environment, with headers of its own', async () => {
    const target = await startFor(protocol)
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=secret')
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1')
    const url = protocol === 'grpc' ? target.url : `${target.url}/v1/traces`
    const exporter = createExporter({ protocol, url, headers: { 'x-tenant': 'c' } })
    await expect(exporter.export(realSpans(3), 5000)).resolves.toEqual({ kind: 'taken', rejected: 0 })
    expect(target.requests[0]?.headers).toMatchObject({ 'x-tenant': 'c' })
    expect(target.requests[0]?.headers).not.toHaveProperty('authorization')
    await exporter.shutdown()
  })

  it('ends at once when it is shut down, whatever is under way', async () => {
    const target = await startFor(protocol)
    target.behavior = { instead: 'hang' }
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', target.url)
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '3600000')
    const exporter = createExporter({ ...exportTarget(process.env), protocol })
    const ended = exporter.export(realSpans(1), 3_600_000)
    await target.until(() => target.requests.length === 1)
    await exporter.shutdown()
    await expect(ended).resolves.toMatchObject({ kind: 'retry' })
  })

  it('sends the headers of the environment, and compresses when asked to', async () => {
    const target = await startFor(protocol)
    await exportTo(target, protocol, {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc,x-tenant=a',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=b',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    })
    expect(target.spans.size).toBe(3)
    const { headers } = target.requests[0] ?? {}
    expect(headers).toMatchObject({ authorization: 'Bearer abc', 'x-tenant': 'b' })
    expect(headers?.['content-encoding'] ?? headers?.['grpc-encoding']).toBe('gzip')
  })

  it('delivers over TLS by the files of the environment, and says what is wrong without them', async () => {
    const certificate = selfMadeCertificate()
    const directory = mkdtempSync(join(tmpdir(), 'certificate-'))
    const file = (name: 'cert' | 'key') => join(directory, name)
    for (const name of ['cert', 'key'] as const) writeFileSync(file(name), certificate[name])
    const tls = { ...certificate, ca: certificate.cert }
    const target = await start({ protocol: protocol === 'grpc' ? 'grpc' : 'http', tls })
    const without = await exportTo(target, protocol, { OTEL_EXPORTER_OTLP_TIMEOUT: '500' })
    expect(without).toMatchObject({ kind: 'retry', reason: expect.stringMatching(/self-signed/) })
    const outcome = await exportTo(target, protocol, {
      OTEL_EXPORTER_OTLP_CERTIFICATE: file('cert'),
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('cert'),
      OTEL_EXPORTER_OTLP_CLIENT_KEY: file('key'),
    })
    expect(outcome).toEqual({ kind: 'taken', rejected: 0 })
    expect(target.spans.size).toBe(3)
  })

  it.each(['127.0.0.1', 'localhost'])('asks for another attempt when nobody is there, at %s', async (host) => {
    const target = await startFor(protocol)
    await target.down()
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', target.url.replace('127.0.0.1', host))
    const exporter = createExporter({ ...exportTarget(process.env), protocol })
    const outcome = await exporter.export(realSpans(3), 5000)
    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining('ECONNREFUSED') })
    await exporter.shutdown()
    await target.up()
  })

  it('asks for another attempt when there is no answer in time', async () => {
    const target = await startFor(protocol)
    target.behavior = { instead: 'hang' }
    await expect(exportTo(target, protocol, { OTEL_EXPORTER_OTLP_TIMEOUT: '300' })).resolves.toMatchObject({
      kind: 'retry',
    })
    await expect(exportTo(target, protocol, {}, { timeoutMs: 300 })).resolves.toMatchObject({ kind: 'retry' })
  })

  it('asks for another attempt when the connection breaks', async () => {
    const target = await startFor(protocol)
    target.behavior = { instead: 'reset' }
    await expect(exportTo(target, protocol, { OTEL_EXPORTER_OTLP_TIMEOUT: '500' })).resolves.toMatchObject({
      kind: 'retry',
    })
  })
})

describe('over http/json', () => {
  it('sends what the stock exporter would: the same bytes and headers to the same place', async () => {
    const target = await startFor('http/json')
    const spans = realSpans(3)
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20abc')
    await exportTo(target, 'http/json', {}, { spans })
    const stock = new OTLPTraceExporter()
    await new Promise((resolve) => stock.export(spans, resolve))
    await stock.shutdown()
    const [ours, theirs] = target.requests
    expect(ours?.body).toEqual(theirs?.body)
    // Its length beforehand, which some receivers insist on.
    const { 'user-agent': _, 'content-length': __, ...headers } = ours?.headers ?? {}
    const { 'user-agent': ___, 'transfer-encoding': ____, ...stockHeaders } = theirs?.headers ?? {}
    expect(headers).toEqual(stockHeaders)
  })

  it('changes over to protobuf where JSON is not taken, and asks for the same spans once more', async () => {
    const target = await startFor('http/json')
    target.behavior = { takesNoJson: true }
    const exporter = createExporter({ protocol: 'http/json', url: `${target.url}/v1/traces` })
    const outcomes: ExportOutcome[] = []
    for (let attempt = 0; attempt < 3; attempt++) outcomes.push(await exporter.export(realSpans(3), 5000))
    const taken = { kind: 'taken', rejected: 0 }
    expect(outcomes).toEqual([
      { kind: 'again', protocol: 'http/protobuf', reason: '415 Unsupported Media Type' },
      taken,
      taken,
    ])
    target.behavior = { status: 415 }
    await expect(exporter.export(realSpans(3), 5000)).resolves.toMatchObject({ kind: 'refused', code: '415' })
    await exporter.shutdown()
  })

  it.each([
    ['a page', 'text/html; charset=utf-8', '<html>'],
    ['an empty page', 'text/html', ''],
    ['words', 'text/plain', 'OK'],
    ['a list', 'application/json', '[]'],
    ['an answer of something else', 'application/json', '{"status":"error"}'],
    ['a partial success that is none', 'application/json', '{"partialSuccess":"all of them"}'],
  ])('does not take %s for a success', async (_, type, body) => {
    const target = await startFor('http/json')
    target.behavior = { headers: { 'Content-Type': type }, body }
    await expect(exportTo(target, 'http/json')).resolves.toMatchObject({
      kind: 'unconfirmed',
      reason: expect.stringContaining('no'),
    })
  })

  it.each([
    ['nothing', {}],
    ['nothing, as 204', { status: 204 }],
    ['nothing, as 202', { status: 202, headers: { 'Content-Type': 'application/json' }, body: '' }],
    ['no partial success', { body: '{"partialSuccess":null}' }],
    ['an empty one', { body: '{"partialSuccess":{}}' }],
    ['nothing rejected', { body: '{"partialSuccess":{"rejectedSpans":"0","errorMessage":""}}' }],
    ['more than we know', { body: '{"partialSuccess":{"later":1},"since":"2.0"}' }],
    ['protobuf', { headers: { 'Content-Type': 'application/x-protobuf' }, body: Buffer.alloc(0) }],
  ])('takes an answer with %s for a success', async (_, behavior) => {
    const target = await startFor('http/json')
    target.behavior = behavior
    await expect(exportTo(target, 'http/json')).resolves.toEqual({ kind: 'taken', rejected: 0 })
  })

  it('passes on the warning of a full success', async () => {
    const target = await startFor('http/json')
    target.behavior = { body: '{"partialSuccess":{"errorMessage":"old clock"}}' }
    await expect(exportTo(target, 'http/json')).resolves.toEqual({ kind: 'taken', rejected: 0, reason: 'old clock' })
  })

  it('keeps what is secret in its headers and its endpoint out of what the server says of them', async () => {
    const target = await startFor('http/json')
    target.behavior = { status: 404, body: 'Cannot POST /t0ps3cret/v1/traces?key=qu3ry-k3y as b3arer-t0ken' }
    const outcome = await exportTo(target, 'http/json', {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${target.url}/t0ps3cret/v1/traces?key=qu3ry-k3y`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20b3arer-t0ken',
    })
    expect(outcome).toEqual({ kind: 'refused', code: '404', reason: 'Not Found: Cannot POST /…/v1/traces?key=… as …' })
  })

  it('refuses to send with a header that cannot be sent', async () => {
    const target = await startFor('http/json')
    const exporter = createExporter({ protocol: 'http/json', url: target.url, headers: { 'x-key': 'a\nb' } })
    await expect(exporter.export(realSpans(1), 5000)).rejects.toThrow(/x-key/)
    await exporter.shutdown()
  })
})

describe.each(['http/json', 'http/protobuf'] as const)('over %s', (protocol) => {
  it.each([429, 502, 503, 504])('asks for another attempt at %i, at once and with its status', async (status) => {
    const target = await startFor(protocol)
    target.behavior = { status }
    await expect(exportTo(target, protocol)).resolves.toEqual({
      kind: 'retry',
      reason: expect.stringContaining(String(status)),
    })
    expect(target.requests).toHaveLength(1)
  })

  it('asks for another attempt when an answer breaks off', async () => {
    const target = await startFor(protocol)
    target.behavior = { headers: { 'Content-Length': '100' }, body: '{' }
    await expect(exportTo(target, protocol, {}, { timeoutMs: 300 })).resolves.toEqual({
      kind: 'retry',
      reason: 'the answer 200 OK broke off',
    })
  })

  it.each(['3600', new Date(Date.now() + 3_600_000).toUTCString()])(
    'passes on how long it was asked to wait: %s',
    async (retryAfter) => {
      const target = await startFor(protocol)
      target.behavior = { status: 429, headers: { 'Retry-After': retryAfter } }
      const outcome = await exportTo(target, protocol)
      expect(outcome.kind === 'retry' && Math.round((outcome.retryAfterMs ?? 0) / 100_000)).toBe(36)
    },
  )

  it.each([301, 400, 401, 403, 404, 500])('takes %i for a refusal, with what the answer says', async (status) => {
    const target = await startFor(protocol)
    target.behavior = { status, body: '{"message":"no,\n because"}' }
    await expect(exportTo(target, protocol)).resolves.toEqual({
      kind: 'refused',
      code: String(status),
      reason: expect.stringContaining('no, because'),
    })
  })

  it('names the biggest span when a batch was too large', async () => {
    const target = await startFor(protocol)
    target.behavior = { status: 413 }
    await expect(exportTo(target, protocol, {}, { spans: realSpans(3, 100_000) })).resolves.toMatchObject({
      kind: 'refused',
      code: '413',
      reason: expect.stringMatching(/the biggest of 3 spans is span 2, about 29\d KiB/),
    })
  })

  it('ends the request of an export that took too long', async () => {
    const target = await startFor(protocol)
    target.behavior = { instead: 'hang' }
    await exportTo(target, protocol, {}, { timeoutMs: 100 })
    await target.idle()
  })
})

/** Trailers with one detail of a gRPC status. */
function withDetails(detail: { typeUrl: string; value: Uint8Array }): Record<string, string> {
  const status = Buffer.from(Status.encode({ details: [detail] }).finish())
  return { 'grpc-status-details-bin': status.toString('base64') }
}

describe('over grpc', () => {
  it.each([
    [1, 'retry'],
    [4, 'retry'],
    [8, 'refused'],
    [10, 'retry'],
    [11, 'retry'],
    [14, 'retry'],
    [15, 'retry'],
    [3, 'refused'],
    [7, 'refused'],
    [12, 'refused'],
    [13, 'refused'],
    [16, 'refused'],
  ])('takes status %i as %s', async (status, kind) => {
    const target = await startFor('grpc')
    target.behavior = { status, body: 'because' }
    const outcome = await exportTo(target, 'grpc')
    expect(outcome).toMatchObject({ kind, reason: expect.stringContaining('because') })
    if (outcome.kind === 'refused') expect(outcome.code).toBe(`grpc ${status}`)
  })

  it.each([8, 14])('waits as long as the details of status %i ask', async (status) => {
    const target = await startFor('grpc')
    const value = RetryInfo.encode({ retryDelay: { seconds: 2, nanos: 500_000_000 } }).finish()
    target.behavior = { status, headers: withDetails({ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }) }
    await expect(exportTo(target, 'grpc')).resolves.toMatchObject({ kind: 'retry', retryAfterMs: 2500 })
  })

  it('tries again when an exhausted resource is said to recover, no matter when', async () => {
    const target = await startFor('grpc')
    const value = Buffer.alloc(0)
    target.behavior = {
      status: 8,
      headers: withDetails({ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value }),
    }
    await expect(exportTo(target, 'grpc')).resolves.toMatchObject({ kind: 'retry', retryAfterMs: 0 })
  })

  it.each([
    ['of another kind', withDetails({ typeUrl: 'type.googleapis.com/google.rpc.DebugInfo', value: Buffer.alloc(0) })],
    ['that cannot be read', { 'grpc-status-details-bin': Buffer.from('google.rpc.RetryInfo').toString('base64') }],
  ])('takes an exhausted resource with details %s for a refusal', async (_, headers) => {
    const target = await startFor('grpc')
    target.behavior = { status: 8, headers }
    await expect(exportTo(target, 'grpc')).resolves.toMatchObject({ kind: 'refused', code: 'grpc 8' })
  })

  it('names the biggest span when a message was too large', async () => {
    const target = await startFor('grpc')
    target.behavior = { status: 8, body: 'received message larger than max' }
    await expect(exportTo(target, 'grpc')).resolves.toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/larger than max; the biggest of 3 spans is span 2/),
    })
  })
})
