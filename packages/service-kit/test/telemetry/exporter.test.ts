import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ReadableSpan, InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { installDiagnostics } from '../../src/telemetry/diagnostics.ts'
import { createExporter, type ExportOutcome } from '../../src/telemetry/exporter.ts'
import type { Protocol } from '../../src/telemetry/target.ts'
import { selfMadeCertificate } from '../support/certificate.ts'
import { SimulatedCollector } from '../support/collector.ts'

const protocols: Protocol[] = ['http/json', 'http/protobuf', 'grpc']
let collector: SimulatedCollector | undefined

beforeEach(() => installDiagnostics({}))
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
  options: { spans?: ReadableSpan[]; timeoutMs?: number; onFailure?: (reason: string) => void } = {},
): Promise<ExportOutcome> {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', target.url)
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const exporter = createExporter(protocol, options.onFailure ?? (() => {}))
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

  it.each(['all', 'none', ''])('hears what was rejected of a batch, with OTEL_LOG_LEVEL=%s', async (level) => {
    const silent = vi.spyOn(console, 'error').mockImplementation(() => {})
    installDiagnostics({ OTEL_LOG_LEVEL: level })
    const target = await startFor(protocol)
    target.behavior = { rejects: 2 }
    await expect(exportTo(target, protocol)).resolves.toEqual({ kind: 'taken', rejected: 2, reason: 'too old' })
    target.behavior = {}
    await expect(exportTo(target, protocol)).resolves.toEqual({ kind: 'taken', rejected: 0 })
    silent.mockRestore()
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

  it('asks for another attempt when nobody is there, and says so before it has given up itself', async () => {
    const target = await startFor(protocol)
    await target.down()
    const onFailure = vi.fn<(reason: string) => void>()
    const outcome = await exportTo(target, protocol, { OTEL_EXPORTER_OTLP_TIMEOUT: '1500' }, { onFailure })
    expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining('ECONNREFUSED') })
    if (protocol !== 'grpc') expect(onFailure).toHaveBeenCalled()
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

  it.each(['3600', new Date(Date.now() + 3_600_000).toUTCString()])(
    'passes on how long it was asked to wait: %s',
    async (retryAfter) => {
      const target = await startFor(protocol)
      target.behavior = { status: 429, headers: { 'Retry-After': retryAfter } }
      const outcome = await exportTo(target, protocol)
      expect(outcome.kind === 'retry' && Math.round((outcome.retryAfterMs ?? 0) / 100_000)).toBe(36)
    },
  )

  it.each([301, 400, 401, 403, 404, 415, 500])('takes %i for a refusal, with what the answer says', async (status) => {
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

  it('tries again when an exhausted resource is said to recover', async () => {
    const target = await startFor('grpc')
    const details = Buffer.from('type.googleapis.com/google.rpc.RetryInfo').toString('base64')
    target.behavior = { status: 8, headers: { 'grpc-status-details-bin': details } }
    await expect(exportTo(target, 'grpc')).resolves.toMatchObject({ kind: 'retry' })
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
