import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SpanCounters } from 'service-kit/telemetry/processor'
import { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { exportingTo, type Service, startService } from '../../../test/support/services.ts'

let collector: SimulatedCollector
let service: Service | undefined
beforeEach(async () => {
  collector = await SimulatedCollector.start()
})
afterEach(async () => {
  await service?.stop()
  service = undefined
  await collector.down()
})

const start = async (env: Record<string, string>) => (service = await startService('tool-service', env))

/** Calls a tool, which leaves a span. */
async function call({ url }: Service): Promise<void> {
  const response = await fetch(`${url}/tool/search?delay_ms=0`)
  expect(response.status).toBe(200)
  await response.text()
}

/** Resolves once the counters are as wanted. */
async function untilCounted({ url }: Service, isWanted: (counters: SpanCounters) => boolean): Promise<void> {
  while (!isWanted((await (await fetch(`${url}/telemetry`)).json()) as SpanCounters));
}

const said = ({ output }: Service) => output.filter((line) => line.startsWith('telemetry:'))

describe('a collector', () => {
  it('that is not there is told of once, and the work goes on', async () => {
    await collector.down()
    const tools = await start({ ...exportingTo(collector.url), FLUSH_TIMEOUT_S: '0.1' })
    await call(tools)
    while (said(tools).length === 0) await call(tools)
    for (let count = 0; count < 50; count++) await call(tools)
    await untilCounted(tools, ({ created, queued }) => created === queued)
    await tools.stop()
    expect(said(tools)).toEqual([
      expect.stringMatching(
        new RegExp(`^telemetry: ${collector.url}/v1/traces takes no spans .*ECONNREFUSED.*Everything else works`),
      ),
    ])
    await collector.up()
  })

  it.each([
    [401, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [403, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [404, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
  ])('that refuses with %i is told of once, with its address and the remedy', async (status, remedy) => {
    collector.behavior = { status, body: 'not like this' }
    const tools = await start(exportingTo(collector.url))
    for (let count = 1; count <= 3; count++) {
      await call(tools)
      await untilCounted(tools, ({ refused }) => refused === count)
    }
    await tools.stop()
    expect(said(tools)).toEqual([
      expect.stringContaining(`${collector.url}/v1/traces refuses spans (http/json): ${status}`),
    ])
    expect(said(tools)[0]).toContain('not like this')
    expect(said(tools)[0]).toContain(remedy)
  })

  it('that is a page is told of once, and what it answered counted apart', async () => {
    collector.behavior = { headers: { 'Content-Type': 'text/html' }, body: '<html>Sign in</html>' }
    const tools = await start(exportingTo(collector.url))
    for (let count = 1; count <= 3; count++) {
      await call(tools)
      await untilCounted(tools, ({ unconfirmed }) => unconfirmed === count)
    }
    await untilCounted(tools, ({ created, exported }) => created === 3 && exported === 0)
    await tools.stop()
    expect(said(tools)).toEqual([
      expect.stringMatching(/\/v1\/traces answers success with text\/html.*Remedy: OTEL_EXPORTER_OTLP_ENDPOINT/),
    ])
  })

  it('that takes no JSON gets protobuf, loses nothing, and is told of once', async () => {
    collector.behavior = { takesNoJson: true }
    const tools = await start(exportingTo(collector.url))
    for (let count = 1; count <= 3; count++) {
      await call(tools)
      await untilCounted(tools, ({ exported }) => exported === count)
    }
    await untilCounted(tools, ({ resent, refused }) => resent === 1 && refused === 0)
    await tools.stop()
    expect(collector.spans.size).toBe(3)
    expect(said(tools)).toEqual([
      expect.stringMatching(/takes no JSON \(415 .*OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/),
    ])
  })

  it('that counts what it rejected in no way that makes sense leaves all counters whole numbers', async () => {
    const odd = ['abc', '-1', -1, 1e99, 17, {}, [1], 0.5, '1e1', true, '']
    collector.script = odd.map((rejectedSpans) => ({ body: JSON.stringify({ partialSuccess: { rejectedSpans } }) }))
    const tools = await start(exportingTo(collector.url))
    for (let count = 1; count <= odd.length; count++) {
      await call(tools)
      await untilCounted(tools, ({ unconfirmed }) => unconfirmed === count)
    }
    await call(tools)
    await untilCounted(tools, ({ exported }) => exported === 1)
    expect(await (await fetch(`${tools.url}/telemetry`)).json()).toEqual({
      created: odd.length + 1,
      exported: 1,
      queued: 0,
      refused: 0,
      unconfirmed: odd.length,
      dropped: 0,
      resent: 0,
    })
    await tools.stop()
    expect(said(tools)).toEqual([expect.stringContaining('rejectedSpans "abc" for 1 spans')])
  })

  it('gets spans over gRPC by the standard variables', async () => {
    const grpc = await SimulatedCollector.start({ protocol: 'grpc' })
    const tools = await start({ ...exportingTo(grpc.url), OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })
    await call(tools)
    await grpc.until(() => grpc.spans.size === 1)
    await tools.stop()
    await grpc.down()
  })
})

describe('the environment', () => {
  it('with empty variables is the same as without them', async () => {
    const names = [
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
      'OTEL_EXPORTER_OTLP_HEADERS',
      'OTEL_EXPORTER_OTLP_COMPRESSION',
      'OTEL_EXPORTER_OTLP_CERTIFICATE',
      'OTEL_EXPORTER_OTLP_TIMEOUT',
      'OTEL_BSP_MAX_QUEUE_SIZE',
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
      'OTEL_BSP_SCHEDULE_DELAY',
      'OTEL_BSP_EXPORT_TIMEOUT',
      'OTEL_TRACES_EXPORTER',
      'OTEL_TRACES_SAMPLER',
      'OTEL_PROPAGATORS',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_SDK_DISABLED',
      'OTEL_LOG_LEVEL',
      'OTEL_NODE_ENABLED_INSTRUMENTATIONS',
    ]
    const empty = Object.fromEntries(names.map((name) => [name, '']))
    const tools = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...empty })
    await call(tools)
    await collector.until(() => collector.spans.size === 1)
    await tools.stop()
    expect([...collector.spans.values()]).toMatchObject([
      { name: 'GET /tool/:tool_name', service: 'synthetic-tool-service', kind: 'server' },
    ])
    expect(said(tools)).toEqual([])
  })

  it('is not printed where it is secret, at any log level', async () => {
    collector.behavior = { status: 401, body: 'no POST /p4thk3y/v1/traces?key=qu3ryk3y with t0ps3cret' }
    const { host } = new URL(collector.url)
    const tools = await start({
      ...exportingTo(collector.url),
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://somebody:passw0rd@${host}/p4thk3y/v1/traces?key=qu3ryk3y`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=t0ps3cret,authorization=Bearer%20b3arer',
      OTEL_LOG_LEVEL: 'all',
      FLUSH_TIMEOUT_S: '0.1',
    })
    await call(tools)
    await untilCounted(tools, ({ refused }) => refused === 1)
    expect(collector.requests[0]?.headers).toMatchObject({ 'x-api-key': 't0ps3cret', authorization: 'Bearer b3arer' })
    await collector.down()
    await call(tools)
    await untilCounted(tools, ({ queued }) => queued === 1)
    await tools.stop()
    const output = tools.output.join('\n')
    expect(output).toContain(`http://${host}/…/v1/traces?… refuses spans`)
    for (const secret of ['passw0rd', 't0ps3cret', 'b3arer', 'p4thk3y', 'qu3ryk3y'])
      expect(output).not.toContain(secret)
    await collector.up()
  })

  it('is not printed where it is secret and wrong', async () => {
    const wrong = startService('tool-service', {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'htp://somebody:passw0rd@collector:4318',
    })
    await expect(wrong).rejects.toThrow(/OTEL_EXPORTER_OTLP_ENDPOINT=htp:\/\/collector:4318: expected an http/)
  })
})
