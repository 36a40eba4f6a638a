import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { contentNote, isContentOnSpans, readConfig } from '../agent-app/src/config.ts'
import { selfMadeCertificate } from '../packages/service-kit/test/support/certificate.ts'
import { SimulatedCollector } from '../packages/service-kit/test/support/collector.ts'
import { deadAddress } from './support/ports.ts'
import { exportingTo, type Service, startPair, startService } from './support/services.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function startCollector(...options: Parameters<typeof SimulatedCollector.start>): Promise<SimulatedCollector> {
  const collector = await SimulatedCollector.start(...options)
  cleanups.push(() => collector.down())
  return collector
}

async function startTools(env: Record<string, string>): Promise<Service> {
  const tools = await startService('tool-service', env)
  cleanups.push(tools.stop)
  return tools
}

/** Calls a tool, which leaves a span. */
async function call({ url }: Service): Promise<Record<string, unknown>> {
  return (await (await fetch(`${url}/tool/search?delay_ms=0`)).json()) as Record<string, unknown>
}

/** Starts tools that export to a collector, makes a span, and resolves when it is there. */
async function exportOne(collector: SimulatedCollector, env: Record<string, string>) {
  const tools = await startTools({ ...exportingTo(collector.url), ...env })
  const answer = await call(tools)
  await collector.until(() => collector.spans.size === 1)
  return { tools, answer, span: [...collector.spans.values()][0] }
}

describe("a service's name", () => {
  const all = {
    SERVICE_NAME: 'own',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=of%20resource,deployment.environment.name=test',
    OTEL_SERVICE_NAME: 'standard',
  }
  it.each([
    ['standard', all],
    ['of resource', { ...all, OTEL_SERVICE_NAME: '' }],
    ['own', { ...all, OTEL_SERVICE_NAME: ' ', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' }],
    ['synthetic-tool-service', {}],
    ['standard-tools', { ...all, SERVICE_NAME_SUFFIX: '-tools' }],
    ['own', { SERVICE_NAME: 'own', SERVICE_NAME_SUFFIX: '-tools' }],
  ])('is %s on its spans and in its answers', async (name, env: Record<string, string>) => {
    const { answer, span } = await exportOne(await startCollector(), env)
    expect(span?.service).toBe(name)
    expect(answer.service).toBe(name)
  })
})

describe('where spans go', () => {
  it('is read without blanks, and words in any case', async () => {
    const collector = await startCollector()
    await exportOne(collector, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `  ${collector.url}/ `,
      OTEL_EXPORTER_OTLP_PROTOCOL: ' HTTP/Protobuf',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'GZip ',
      OTEL_EXPORTER_OTLP_HEADERS: ' x-tenant = a%20b , x-other=c;d',
      OTEL_TRACES_EXPORTER: 'OTLP, None',
      OTEL_TRACES_SAMPLER: 'Always_On',
      OTEL_PROPAGATORS: 'TraceContext',
      OTEL_SDK_DISABLED: 'False',
      OTEL_BSP_MAX_QUEUE_SIZE: ' 100 ',
    })
    expect(collector.requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'x-tenant': 'a b',
      'x-other': 'c;d',
    })
  })

  it('keeps the query of a base URL behind the path', async () => {
    const collector = await startCollector()
    await exportOne(collector, { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/base/?a=b` })
    expect(collector.requests).toHaveLength(1)
  })

  it('is off in any case', async () => {
    const collector = await startCollector()
    const tools = await startTools({ ...exportingTo(collector.url), OTEL_SDK_DISABLED: ' TRUE' })
    await call(tools)
    await tools.stop()
    expect(collector.requests).toEqual([])
  })

  it.each([
    ['host:port', (port: string) => `127.0.0.1:${port}`],
    ['http', (port: string) => `http://127.0.0.1:${port}`],
    ['dns', (port: string) => `dns:localhost:${port}`],
    ['dns with slashes', (port: string) => `dns:///127.0.0.1:${port}`],
    ['ipv4', (port: string) => `ipv4:127.0.0.1:${port}`],
    ['a list', (port: string) => `ipv4:127.0.0.1:${port},127.0.0.2:${port}`],
  ])('over gRPC may be a name as gRPC has it: %s', async (_form, endpointOf) => {
    const collector = await startCollector({ protocol: 'grpc' })
    await exportOne(collector, {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'GRPC',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpointOf(new URL(collector.url).port),
      OTEL_EXPORTER_OTLP_INSECURE: 'True',
    })
  })

  it('over gRPC goes through no proxy on this machine', async () => {
    const collector = await startCollector({ protocol: 'grpc' })
    await exportOne(collector, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', http_proxy: await deadAddress() })
  })

  it.each([
    ['whole', (path: string) => `unix://${path}`],
    ['relative', () => 'unix:collector.sock'],
  ])('over gRPC may be a socket, its path %s', async (_form, endpointOf) => {
    const collector = await startCollector({ protocol: 'grpc' })
    const folder = await temporaryFolder()
    const path = join(folder, 'collector.sock')
    const relay = createServer((socket) => {
      const onward = connect(Number(new URL(collector.url).port), '127.0.0.1')
      for (const end of [socket, onward]) end.on('error', () => {})
      socket.pipe(onward).pipe(socket)
    }).listen(path)
    cleanups.push(() => relay.close())
    await once(relay, 'listening')
    await exportOne(collector, {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpointOf(path),
      OTEL_EXPORTER_OTLP_INSECURE: 'true',
      INIT_CWD: folder,
    })
  })
})

describe('a certificate', () => {
  it.each(['http/protobuf', 'grpc'] as const)('is looked for where it was typed: %s', async (protocol) => {
    const tls = selfMadeCertificate()
    const collector = await startCollector({ tls, protocol: protocol === 'grpc' ? 'grpc' : 'http' })
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'ca.pem'), tls.cert)
    await exportOne(collector, {
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_CERTIFICATE: 'ca.pem',
      INIT_CWD: folder,
    })
  })

  it('that is not there is told', async () => {
    const env = { OTEL_EXPORTER_OTLP_CERTIFICATE: './none.pem', INIT_CWD: '/tmp/where' }
    await expect(startService('tool-service', env)).rejects.toThrow(
      'OTEL_EXPORTER_OTLP_CERTIFICATE=./none.pem: expected a file that can be read, and /tmp/where/none.pem is none',
    )
  })
})

describe('what is wrong', () => {
  it('is told all at once: which variable, which pair of it, what was expected, and no secret', async () => {
    const error = await startService('tool-service', {
      OTEL_EXPORTER_OTLP_HEADERS:
        'x-good=g00dsecret,api-key=s3cret%cd,s3cretalone,x-empty=,bad name=s3cret,x-line=s3cret%0Aa',
      OTEL_RESOURCE_ATTRIBUTES: 'team=a,note=s3cret%zz',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_EXPORTER: 'otlp,smoke',
      OTEL_LOG_LEVEL: 'loud',
      OTEL_SDK_DISABLED: 'yes',
    }).catch(String)
    expect(error).toMatch(
      /OTEL_EXPORTER_OTLP_HEADERS: expected name=value pairs.*; pair 2 \(api-key\) has a % that encodes nothing: a % itself is %25; pair 3 has no =; pair 4 \(x-empty\) has no value; pair 5 \(bad name\) has a name that no header can have; pair 6 \(x-line\) has a value that no header can have$/m,
    )
    expect(error).toMatch(/OTEL_RESOURCE_ATTRIBUTES: expected name=value pairs.*; pair 2 \(note\) has a %/)
    expect(error).toContain(
      'OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318: expected an http or https URL, for the protocol',
    )
    expect(error).toContain('OTEL_TRACES_SAMPLER=sometimes: expected one of always_on, ')
    expect(error).toContain('OTEL_TRACES_EXPORTER=otlp,smoke: expected some of otlp, console, zipkin, none')
    expect(error).toContain('OTEL_LOG_LEVEL=loud: expected one of none, error, ')
    expect(error).toContain('OTEL_SDK_DISABLED=yes: expected true or false')
    expect(error).not.toMatch(/s3cret|g00dsecret| {4}at /)
  })
})

describe('what is said of telemetry', () => {
  it('is nothing with OTEL_LOG_LEVEL=none, though all spans are lost', async () => {
    const env = { ...exportingTo(await deadAddress()), OTEL_LOG_LEVEL: 'None', FLUSH_TIMEOUT_S: '0.1' }
    const tools = await startTools({ ...env, OTEL_METRICS_EXPORTER: 'otlp' })
    await call(tools)
    await tools.stop()
    expect(tools.output).toEqual([expect.stringMatching(/^tool-service listens on /)])
  })

  it.each(['', 'error', 'DEBUG', 'all'])('has no stack, and no failure twice, at level "%s"', async (level) => {
    const collector = await startCollector()
    collector.behavior = { status: 404, body: 'nothing here' }
    const tools = await startTools({
      ...exportingTo(collector.url),
      OTEL_LOG_LEVEL: level,
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '50',
      OTEL_METRIC_EXPORT_TIMEOUT: '50',
    })
    await call(tools)
    await expect.poll(() => collector.requests.length).toBeGreaterThan(4)
    await tools.stop()
    expect(tools.output.filter((line) => /^\s+at |\\n +at /.test(line))).toEqual([])
    expect(tools.output.filter((line) => line.includes('metrics export failed'))).toHaveLength(1)
  })
})

describe('content', () => {
  it.each([
    ['', false, undefined],
    ['NO_CONTENT', false, undefined],
    ['span_only', true, undefined],
    ['EVENT_ONLY', false, 'no event here carries content, so none is captured'],
    ['Span_And_Event', true, 'no event here carries content, so it is on spans alone'],
    ['TRUE', true, undefined],
    ['False', false, undefined],
  ])('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=%s: on spans %s, and said: %s', (mode, isThere, said) => {
    const name = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'
    const config = readConfig({ [name]: mode })
    expect(isContentOnSpans(config)).toBe(isThere)
    expect(contentNote(config)).toBe(said && `${name}=${mode.toUpperCase()}: ${said}`)
  })

  it('is nowhere with EVENT_ONLY, which is said', async () => {
    const collector = await startCollector()
    const only = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'EVENT_ONLY' }
    const pair = await startPair({ ...exportingTo(collector.url), ...only })
    cleanups.push(pair.stop)
    await (await fetch(`${pair.agent.url}/run?scenario=fanout&fanout=1&delay_ms=1`)).text()
    const chats = () => [...collector.spans.values()].filter(({ name }) => name.startsWith('chat '))
    await collector.until(() => chats().length > 0)
    expect(Object.keys(chats()[0]?.attributes ?? {}).filter((name) => name.endsWith('messages'))).toEqual([])
    expect(pair.agent.output.filter((line) => line.includes('EVENT_ONLY'))).toHaveLength(1)
  })
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'variables-'))
  cleanups.push(() => rm(folder, { recursive: true }))
  return folder
}
