import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { SimulatedCollector } from '../packages/service-kit/test/support/collector.ts'
import { exportingTo, startPair, startService } from '../scripts/pair.ts'
import { startHeard } from '../scripts/process.ts'
import { chart, render, rendered, renderWhole, runHelm } from '../scripts/render-chart.ts'
import { shardOf } from '../trace-inspector/src/shards.ts'
import type { Verification } from '../trace-inspector/src/verify/verify.ts'
import { freePorts, programs, startCollector } from '../trace-inspector/test/support/backend.ts'
import { listen } from './support/apps.ts'
import { runScenario } from './support/runs.ts'

const hasHelm = (() => {
  try {
    runHelm('version')
    return true
  } catch {
    return false
  }
})()
if (!hasHelm) console.warn('chart.test.ts: there is no Helm (HELM_BIN), so the chart is not tested')

const folder = mkdtempSync(join(tmpdir(), 'chart-'))

interface Container {
  name: string
  image: string
  args?: string[]
  env?: { name: string; value?: string }[]
  lifecycle?: object
  resources: { requests: object; limits: object }
  securityContext: object
  readinessProbe?: object
  livenessProbe?: object
}
interface PodSpec {
  terminationGracePeriodSeconds?: number
  containers: Container[]
  initContainers?: Container[]
  securityContext: object
  automountServiceAccountToken: boolean
}
interface Resource {
  kind: string
  metadata: { name: string }
  data?: Record<string, string>
  spec: PodSpec & { template?: { spec: PodSpec }; replicas?: number; completions?: number; completionMode?: string }
}

const resourcesOf = (text: string): Resource[] =>
  parseAllDocuments(text).flatMap((document) => {
    expect(document.errors).toEqual([])
    return (document.toJS() as Resource | null) ?? []
  })
/** With values such as `load.enabled=true`. */
const renderWith = (...values: string[]) => render(...values.flatMap((value) => ['--set-json', value]))
const podsOf = (resources: readonly Resource[]) =>
  resources.flatMap(({ kind, spec }) => (kind === 'Pod' ? [spec] : (spec?.template?.spec ?? [])))
const named = (resources: readonly Resource[], kind: string) =>
  resources.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name.replace('synthetic-agents-', ''))
const variablesOf = (resources: readonly Resource[], name: string) =>
  Object.fromEntries(
    (
      resources.find(
        ({ kind, metadata, spec }) =>
          metadata.name === `synthetic-agents-${name}` && kind !== 'Service' && spec?.template,
      )?.spec.template?.spec.containers[0]?.env ?? []
    ).map((one) => [one.name, one.value]),
  )
const collectorOf = (resources: readonly Resource[]) =>
  resources.find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml'] as string

/** What people may want of it. */
const wishes: Record<string, string[]> = {
  'as it is': [],
  'the least': [
    'secondary.enabled=false',
    'collector.enabled=false',
    'inspector.replicas=1',
    'agent.replicas=1',
    'tool.replicas=1',
    'podDisruptionBudget.enabled=false',
  ],
  'all of it': [
    'load.enabled=true',
    'simulate.enabled=true',
    'simulate.to="collector"',
    'networkPolicy.enabled=true',
    'serviceMonitor={"enabled":true,"interval":"15s","labels":{"release":"prometheus"}}',
    'agent.autoscaling.enabled=true',
    'tool.autoscaling.enabled=true',
    'collector.exporters={"otlp_http/mine":{"endpoint":"https://otlp.example"}}',
    'inspector.replicas=16',
    'imagePullSecrets=["one"]',
    'runSecret="mine"',
    'tolerations=[{"key":"a","operator":"Exists"}]',
  ],
  'a backend of somebody else alone': [
    'inspector.enabled=false',
    'collector.enabled=false',
    'telemetry.endpoint="https://otlp.example"',
    'env={"OTEL_EXPORTER_OTLP_HEADERS":"a=b"}',
  ],
  'a registry, and ledgers that are kept': [
    'image={"prefix":"registry.example/sa/","tag":"1.2.3","pullPolicy":"Always"}',
    'agent.ledgerSink="file:/ledgers"',
    'agent.volumes=[{"name":"ledgers","emptyDir":{}}]',
    'agent.volumeMounts=[{"name":"ledgers","mountPath":"/ledgers"}]',
  ],
}

describe.runIf(hasHelm)('the chart', () => {
  test('has nothing that helm complains of', () => {
    expect(runHelm('lint', '--strict', chart)).toContain('0 chart(s) failed')
  })

  test('is what deploy/kustomize has', () => {
    expect(readFileSync(rendered, 'utf8'), 'npm run chart renders it anew').toBe(renderWhole())
    const { images, resources } = parse(
      readFileSync(fileURLToPath(new URL('../deploy/kustomize/kustomization.yaml', import.meta.url)), 'utf8'),
    ) as { images: { name: string }[]; resources: string[] }
    expect(resources).toEqual(['synthetic-agents.yaml'])
    const ours = podsOf(resourcesOf(readFileSync(rendered, 'utf8')))
      .flatMap(({ containers }) => containers.map(({ image }) => image.split(':')[0]))
      .filter((image) => image?.startsWith('synthetic-agents/'))
    expect(new Set(ours)).toEqual(new Set(images.map(({ name }) => name)))
  })

  test.each(Object.entries(wishes))(
    '%s: is whole, and every pod may run where pods are restricted',
    (_wish, values) => {
      const resources = resourcesOf(renderWith(...values))
      const pods = podsOf(resources)
      expect(pods.length).toBeGreaterThanOrEqual(2)
      for (const pod of pods) {
        expect(pod).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        })
        for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          })
          expect(Object.keys(container.resources.requests)).toEqual(['cpu', 'memory'])
          expect(Object.keys(container.resources.limits)).toEqual(['cpu', 'memory'])
        }
      }
      for (const { kind, spec } of resources)
        if (kind === 'Deployment' || kind === 'StatefulSet') {
          expect(spec.template?.spec.containers[0]).toMatchObject({ readinessProbe: {}, livenessProbe: {} })
          expect(spec.template?.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30)
        }
    },
  )

  test('has what was wished for, and nothing else', () => {
    const of = (wish: string) => resourcesOf(renderWith(...(wishes[wish] as string[])))
    expect(named(of('as it is'), 'Job')).toEqual([])
    expect(named(of('as it is'), 'PodDisruptionBudget')).toEqual(['agent-app', 'tool-service', 'trace-inspector'])
    const least = of('the least')
    expect(named(least, 'Deployment')).toEqual(['agent-app', 'tool-service'])
    expect(named(least, 'PodDisruptionBudget')).toEqual([])
    expect(variablesOf(least, 'agent-app')).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://synthetic-agents-trace-inspector:4319',
    })
    expect(variablesOf(least, 'trace-inspector').INSPECTOR_SHARDS).toBeUndefined()
    const all = of('all of it')
    expect(named(all, 'Job')).toEqual(['load-1', 'simulate-1'])
    expect(named(all, 'HorizontalPodAutoscaler')).toEqual(['agent-app', 'tool-service'])
    expect(named(all, 'NetworkPolicy')).toEqual(['all', 'out'])
    expect(named(all, 'ServiceMonitor')).toEqual(['metrics'])
    // An autoscaler and a Deployment do not both say how many there are.
    expect(
      all.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-agent-app'))?.spec.replicas,
    ).toBeUndefined()
    expect(variablesOf(of('a backend of somebody else alone'), 'tool-service')).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b',
    })
    const kept = of('a registry, and ledgers that are kept')
    expect(variablesOf(kept, 'agent-app').LEDGER_SINK).toBe('file:/ledgers')
    const images = podsOf(kept).flatMap(({ containers }) => containers.map(({ image }) => image))
    expect(images.filter((image) => image.startsWith('registry.example/sa/') && image.endsWith(':1.2.3'))).toHaveLength(
      4,
    )
  })

  test.each([
    [['inspector.replicas=3'], /inspector\/replicas.*must be one of 1, 2, 4, 8, 16/],
    [['agent.replicas=0'], /agent\/replicas/],
    [['agents.replicas=2'], /'agents' not allowed/],
    [['load.rate="20"'], /load\/rate/],
    [['env={"lower-case":"1"}'], /'lower-case' does not match pattern/],
    [['image.pullPolicy="Sometimes"'], /image\/pullPolicy/],
    [['agent.ledgerSink="ftp://a"'], /agent\/ledgerSink/],
    [
      ['collector.enabled=false'],
      /Spans go nowhere: enable the collector, set telemetry\.endpoint, or have one inspector/,
    ],
    [['inspector.enabled=false'], /The collector has nobody to send to/],
    [
      ['load.enabled=true', 'inspector.enabled=false', 'collector.exporters={"otlp_http/mine":{}}'],
      /Nobody verifies load: enable the inspector, or set load\.verify to 0/,
    ],
    [['agent.ledgerSink="https://me:secret@ledgers.example"'], /agent\/ledgerSink/],
  ])('%j is refused, with what is wrong', (values, why) => {
    let said = ''
    try {
      renderWith(...values)
    } catch (error) {
      said = String((error as { stderr: string }).stderr)
    }
    expect(said).toMatch(why)
  })

  test('what is wished for a variable stands once, in the place of what the chart would say, and numbers are whole', () => {
    const values = join(folder, 'values.yaml')
    writeFileSync(
      values,
      'env: { POD_NAME: mine, BIG: 1000000 }\nagent: { env: { BIG: 2000000 } }\nload: { enabled: true, seed: 1000000 }',
    )
    const resources = resourcesOf(render('--values', values))
    for (const pod of podsOf(resources)) {
      const names = pod.containers.flatMap(({ env }) => (env ?? []).map(({ name }) => name))
      expect(new Set(names).size).toBe(names.length)
    }
    expect(variablesOf(resources, 'agent-app')).toMatchObject({ POD_NAME: 'mine', BIG: '2000000' })
    expect(variablesOf(resources, 'tool-service')).toMatchObject({ POD_NAME: 'mine', BIG: '1000000' })
    // What it stands in comes after it.
    expect(Object.keys(variablesOf(resources, 'agent-app'))[0]).toBe('POD_NAME')
    const [load] = podsOf(resources.filter(({ kind }) => kind === 'Job'))
    expect(load?.containers[0]?.args).toEqual(expect.arrayContaining(['--seed', '1000000']))
  })

  test('a secret goes to those that read it', () => {
    const resources = resourcesOf(
      renderWith(
        'runSecret="mine"',
        'telemetry={"endpoint":"https://otlp.example","headersSecret":"theirs"}',
        'simulate={"enabled":true,"to":"https://otlp.example"}',
      ),
    )
    const having = (name: string) =>
      ['agent-app', 'agent-app-secondary', 'tool-service', 'trace-inspector', 'simulate-1'].filter(
        (part) => name in variablesOf(resources, part),
      )
    expect(having('RUN_SECRET')).toEqual(['agent-app', 'agent-app-secondary', 'simulate-1'])
    expect(having('ANSWERS_TOKEN')).toEqual(['agent-app', 'agent-app-secondary', 'trace-inspector'])
    expect(having('OTEL_EXPORTER_OTLP_HEADERS')).toEqual([
      'agent-app',
      'agent-app-secondary',
      'tool-service',
      'simulate-1',
    ])
  })

  test('a simulation waits for the Collector that is installed with it, and is let out to what is elsewhere', () => {
    const waitsOf = (...values: string[]) =>
      podsOf(resourcesOf(renderWith('simulate.enabled=true', ...values)).filter(({ kind }) => kind === 'Job')).flatMap(
        ({ initContainers }) => initContainers?.[0]?.args ?? [],
      )
    expect(waitsOf('simulate.to="collector"')).toEqual(['http://synthetic-agents-otel-collector:13133/'])
    expect(waitsOf('simulate.to="collector"', 'collector.enabled=false', 'inspector.replicas=1')).toEqual([
      'http://synthetic-agents-trace-inspector:4319/ready',
    ])
    expect(waitsOf('simulate.to="collector"', 'telemetry.endpoint="https://otlp.example"')).toEqual([])
    expect(waitsOf()).toEqual([])
    const policies = ['networkPolicy.enabled=true', 'simulate.enabled=true']
    expect(named(resourcesOf(renderWith(...policies)), 'NetworkPolicy')).toEqual(['all'])
    const out = renderWith(...policies, 'simulate.to="https://otlp.example"')
    expect(named(resourcesOf(out), 'NetworkPolicy')).toEqual(['all', 'out'])
    expect(out).toMatch(/operator: In, values: \[.*\bsimulate\b.*\]/)
  })

  test('a pod that waits for nobody when it ends has nothing to sleep for, and its group may write to its volumes', () => {
    for (const [seconds, count] of [
      [0, 0],
      [5, 5],
    ]) {
      const pods = podsOf(resourcesOf(renderWith(`preStopSeconds=${seconds}`)))
      const sleeping = pods.filter(({ containers }) => containers.some(({ lifecycle }) => lifecycle))
      expect(sleeping).toHaveLength(count as number)
      for (const { securityContext } of pods)
        expect(securityContext).toHaveProperty('fsGroup', (securityContext as { runAsUser: number }).runAsUser)
    }
  })

  test.each([1, 2, 4, 8, 16])(
    'of %d inspectors each has its share of the traces, the same that is asked for them',
    (count) => {
      const resources = resourcesOf(renderWith(`inspector.replicas=${count}`))
      const config = parse(collectorOf(resources)) as {
        processors: Record<string, { traces: { span: string[] } } | undefined>
        exporters: Record<string, { endpoint: string }>
        service: { pipelines: Record<string, { processors: string[]; exporters: string[] }> }
      }
      const shards = (variablesOf(resources, 'trace-inspector').INSPECTOR_SHARDS ?? '').split(',')
      for (const digit of '0123456789abcdef') {
        const traceId = digit.repeat(32)
        const takers = Object.values(config.service.pipelines).filter(({ processors }) =>
          processors.every((name) => {
            const [, digits] = /"\^\[(\w+)\]"/.exec(config.processors[name]?.traces?.span[0] ?? '') ?? []
            return digits === undefined || digits.includes(digit)
          }),
        )
        expect(takers).toHaveLength(1)
        const { endpoint } = config.exporters[takers[0]?.exporters[0] ?? ''] ?? {}
        if (count > 1) expect(endpoint).toBe(shardOf(shards, traceId))
      }
    },
  )
})

/** The chart's configuration of the Collector in a file, between this machine's ports. */
async function collectorOfChart(queueMiB: number, inspectors: readonly { url: string }[]) {
  const config = join(folder, `${queueMiB}.yaml`)
  const values = [`inspector.replicas=${inspectors.length}`, `collector.queueMiB=${queueMiB}`]
  writeFileSync(config, collectorOf(resourcesOf(renderWith(...values))))
  const changes = inspectors.map(({ url }, shard) => `exporters::otlp_http/${shard}::endpoint: ${url}`)
  return startCollector([config], changes)
}

describe.runIf(hasHelm && programs.collector)('the chart, in the real Collector', () => {
  test.each(['as it is', 'all of it'])('%s is a configuration that it takes', (wish) => {
    const config = join(folder, 'validate.yaml')
    writeFileSync(config, collectorOf(resourcesOf(renderWith(...(wishes[wish] as string[])))))
    execFileSync(programs.collector as string, ['validate', `--config=${config}`])
  })

  test('an inspector that takes nothing for long makes no other take anything twice, and nothing is lost', async () => {
    const inspectors = [await SimulatedCollector.start(), await SimulatedCollector.start()]
    const [slow, other] = inspectors as [SimulatedCollector, SimulatedCollector]
    const collector = await collectorOfChart(8, inspectors)
    slow.behavior = { status: 503 }
    const simulate = fileURLToPath(new URL('../cli/simulate.ts', import.meta.url))
    const args = ['--seed', 'a', '--start', '2026-01-31T09:00:00Z', '--traces', '4000', '--to', collector.url]
    // A batch is a small one, and there are many more than a queue has room for.
    const env = { ...process.env, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1024', OTEL_BSP_EXPORT_TIMEOUT: '120000' }
    const played = startHeard(process.execPath, [simulate, ...args], { env })
    // The queue of the slow one is full: the other gets nothing either. Then all goes on.
    let before = -1
    await expect
      .poll(
        () => {
          const isStill = before > 0 && other.spans.size === before
          before = other.spans.size
          return isStill
        },
        { interval: 3000 },
      )
      .toBe(true)
    slow.behavior = {}
    expect((await played.ended).code).toBe(0)
    expect(played.text()).toMatch(/took all of them/)
    const spans = Number(/with ([\d,]+) spans/.exec(played.text())?.[1]?.replaceAll(',', ''))
    await expect.poll(() => slow.spans.size + other.spans.size).toBe(spans)
    await collector.stop()
    expect(other.duplicates).toBe(0)
    for (const [shard, { spans: own }] of inspectors.entries())
      for (const { traceId } of own.values()) expect(shardOf([0, 1], traceId)).toBe(shard)
    for (const inspector of inspectors) await inspector.down()
  })

  test('what an inspector took while the next in its place was there already is forgotten, not lost', async () => {
    const [port = 0] = await freePorts(1)
    const first = `http://127.0.0.1:${port}`
    // The name of the second: who connects comes to whoever has it by then, and who is connected stays where he is.
    let having = ''
    const name: Server = createServer((socket) => {
      const { hostname, port } = new URL(having)
      const there = connect(Number(port), hostname)
      socket.pipe(there).pipe(socket)
      for (const end of [socket, there]) end.on('error', () => [socket, there].forEach((each) => each.destroy()))
    })
    const second = await listen(name)
    const collector = await collectorOfChart(9, [{ url: first }, { url: second }])
    const pair = await startPair(exportingTo(collector.url))
    const { INSPECTOR_OVERLAP_S = '0' } = variablesOf(resourcesOf(renderWith()), 'trace-inspector')
    expect(Number(INSPECTOR_OVERLAP_S)).toBeGreaterThan(0)
    const inspector = (own = {}) =>
      startService('trace-inspector', {
        AGENT_URLS: pair.agent.url,
        INSPECTOR_SHARDS: `${first},${second}`,
        // What the chart says is long enough, but on a machine that has other things to do.
        INSPECTOR_OVERLAP_S: '3600',
        ...own,
      })
    const [other, old] = [await inspector({ INSPECTOR_PORT: String(port) }), await inspector()]
    having = old.url
    const run = async (digit: string) => {
      const traceparent = `00-${digit}${randomBytes(16).toString('hex').slice(1)}-${'b'.repeat(16)}-01`
      return (await runScenario(pair.agent.url, 'fanout', 'fanout=3&delay_ms=1', { traceparent })).trace_id
    }
    const verdictOf = async (traceId: string, waitS: number) => {
      const response = await fetch(`${other.url}/traces/${traceId}/verify?wait_s=${waitS}`)
      return ((await response.json()) as Verification).verdict
    }
    const before = await run('f')
    expect(await verdictOf(before, 200)).toBe('complete')
    const next = await inspector()
    having = next.url
    const [meanwhile, elsewhere] = [await run('f'), await run('0')]
    expect(await verdictOf(elsewhere, 200)).toBe('complete')
    await expect.poll(async () => (await fetch(`${old.url}/traces/${meanwhile}`)).status).toBe(200)

    await old.stop('SIGKILL')
    const after = await run('f')
    expect(await verdictOf(after, 200)).toBe('complete')
    expect([await verdictOf(before, 0), await verdictOf(meanwhile, 0)]).toEqual(['forgotten', 'forgotten'])
    await pair.stop()
    await collector.stop()
    for (const service of [next, other]) await service.stop()
    name.close()
  })
})
