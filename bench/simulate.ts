import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scenarios } from 'engine/scenarios/index'
import { cleanEnvironment, startHeard } from '../scripts/process.ts'
import { freePorts, programs, startCollector } from '../trace-inspector/test/support/backend.ts'
import { type Benchmark, type Figure, median } from './benchmark.ts'
import { startReceiver } from './processes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const rounds = 3
/** Spans of a round; what a process takes to start is measured apart and taken off. */
const spans = 1_000_000
const manySpans = 10_000_000
const memoryLimitMb = 500
/** As `npm run simulate` has them. */
const memoryFlags = ['--min-semi-space-size=64', '--max-semi-space-size=64']
const compileCache = { NODE_COMPILE_CACHE: 'node_modules/.cache/node' }
/** CPU of a span of a whole agent's trace, in flat spans; and with its ledger. */
const limits = { cpu: 4, rate: 1 }
const telemetrygen = {
  module: 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen',
  version: 'v0.161.0',
}

interface Usage {
  cpuMs: number
  peakMb: number
  wallMs: number
}

/** What simulate costs for a span, in spans that mean nothing and go the same way; memory; and the pace beside telemetrygen. */
export const simulated: Benchmark = {
  name: 'simulate',
  async run(progress) {
    const receiver = await startReceiver()
    const figures = await cpuOfSpans(receiver.url, progress)
    await receiver.stop()
    figures.push(await memoryOfMany(progress))
    figures.push(...(await besideTelemetrygen(progress)))
    return figures
  },
}

const flat = (count: number, to: string) => measure(['bench/floor/flat-spans.ts', String(count), to])

function simulate(args: readonly string[], count: number, to: string): Promise<Usage> {
  const ours = ['cli/simulate.ts', '--seed', 'bench', '--spans', String(count), '--to', to, ...args]
  return measure(ours)
}

/** Runs a program of ours to its end. */
async function measure(args: readonly string[]): Promise<Usage> {
  const startedAt = performance.now()
  const program = startHeard(
    process.execPath,
    [...memoryFlags, '--import', new URL('usage-at-end.ts', import.meta.url).href, ...args],
    { cwd: root, env: { ...cleanEnvironment(), ...compileCache }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const { code } = await program.ended
  const wallMs = performance.now() - startedAt
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${program.text()}`)
  return { ...(JSON.parse(program.text().trim().split('\n').at(-1) as string) as Omit<Usage, 'wallMs'>), wallMs }
}

async function cpuOfSpans(url: string, progress: (line: string) => void): Promise<Figure[]> {
  const contestants = new Map<string, { cost: (count: number) => Promise<Usage>; limit?: number }>([
    ...scenarios.map(({ name }) => {
      const cost = (count: number) => simulate(['--scenario', name], count, url)
      return [name, { cost, limit: limits.cpu }] as const
    }),
    ['the default mix', { cost: (count) => simulate([], count, url), limit: limits.cpu }],
    ['the default mix, not sent', { cost: (count) => simulate([], count, 'none') }],
    ['retry-heavy', { cost: (count) => simulate(['--scenario', 'retry?error_rate=0.5&max_retries=8'], count, url) }],
  ])
  const perSpan = async (cost: (count: number) => Promise<Usage>) => {
    const [start, whole] = [await cost(1), await cost(spans)]
    return ((whole.cpuMs - start.cpuMs) * 1000) / spans
  }
  const ratios = new Map<string, { us: number; floor: number }[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, { cost }] of contestants) {
      progress(`simulate, round ${round + 1} of ${rounds}: ${name}`)
      // Each beside a floor of its own, so that other load on the machine meets both.
      const pair = { floor: await perSpan((count) => flat(count, url)), us: await perSpan(cost) }
      ratios.set(name, [...(ratios.get(name) ?? []), pair])
    }
  }
  return [...ratios].map(([name, pairs]) => {
    const limit = contestants.get(name)?.limit
    const us = median(pairs.map((pair) => pair.us))
    return {
      name: `simulate: ${name}`,
      measured: `${us.toFixed(1)} µs CPU a span, ${Math.round(1e6 / us / 1000)}k a CPU second`,
      floor: `${median(pairs.map(({ floor }) => floor)).toFixed(1)} µs, flat`,
      ratio: median(pairs.map((pair) => pair.us / pair.floor)),
      ...(limit !== undefined && { limit }),
    }
  })
}

async function memoryOfMany(progress: (line: string) => void): Promise<Figure> {
  progress('simulate: memory of 10,000,000 spans')
  const { peakMb } = await simulate([], manySpans, 'none')
  return {
    name: 'simulate: peak memory of 10,000,000 spans',
    measured: `${peakMb.toFixed(0)} MB`,
    floor: `${memoryLimitMb} MB allowed`,
    ratio: peakMb / memoryLimitMb,
    limit: 1,
  }
}

/** Spans a second that the real Collector takes of it, and of telemetrygen; both with what the machine has left. */
async function besideTelemetrygen(progress: (line: string) => void): Promise<Figure[]> {
  if (programs.collector === undefined) {
    progress('simulate beside telemetrygen: skipped, OTELCOL_BIN names no Collector')
    return []
  }
  const generator = buildTelemetrygen(progress)
  if (generator === undefined) return []
  const [metricsPort] = await freePorts(1)
  const collector = await startCollector(
    ['config.yaml'],
    [
      'service::pipelines::traces::exporters: [nop]',
      'exporters::nop: {}',
      'service::telemetry::metrics::level: normal',
      `service::telemetry::metrics::readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${metricsPort} } } } }]`,
    ],
  )
  const { host } = new URL(collector.url)
  const flatSpans = ['--workers', '1', '--rate', '0', '--traces', String(spans / 10), '--child-spans', '9']
  const args = ['traces', '--otlp-http', '--otlp-insecure', '--otlp-endpoint', host, ...flatSpans]
  const contestants = {
    theirs: async () => void execFileSync(generator.path, args, { stdio: 'ignore' }),
    ours: () => simulate([], spans, collector.url),
  }
  const paces = { theirs: [] as number[], ours: [] as number[] }
  const shares: number[] = []
  for (let round = 0; round < rounds; round++) {
    progress(`simulate beside telemetrygen, round ${round + 1} of ${rounds}`)
    for (const name of ['theirs', 'ours'] as const) {
      const before = await acceptedBy(metricsPort as number)
      const startedAt = performance.now()
      await contestants[name]()
      const seconds = (performance.now() - startedAt) / 1000
      const accepted = (await acceptedBy(metricsPort as number)) - before
      paces[name].push(accepted / seconds)
      if (name === 'theirs') shares.push(accepted / spans)
      else if (accepted < spans) throw new Error(`The Collector has ${accepted} of ${spans} spans of simulate`)
    }
  }
  await collector.stop()
  generator.remove()
  const [ours, theirs] = [median(paces.ours), median(paces.theirs)]
  return [
    {
      name: `simulate into the Collector, what arrives; the floor is telemetrygen ${telemetrygen.version}`,
      measured: `${Math.round(ours / 1000)}k spans/s, all of them`,
      floor: `${Math.round(theirs / 1000)}k spans/s, flat, ${Math.round(median(shares) * 100)} % of those that it made`,
      ratio: theirs / ours,
      limit: limits.rate,
    },
  ]
}

/** Spans that the Collector's receiver has taken so far, as its own metrics say. */
async function acceptedBy(metricsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const lines = text.matchAll(/^otelcol_receiver_accepted_spans(?:_total)?\{.*\} (\S+)$/gm)
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0)
}

/** telemetrygen where TELEMETRYGEN_BIN says, or built from its Go module; undefined, with a word, where there is no Go. */
function buildTelemetrygen(progress: (line: string) => void): { path: string; remove: () => void } | undefined {
  const given = process.env.TELEMETRYGEN_BIN
  if (given !== undefined && existsSync(given)) return { path: given, remove() {} }
  const folder = mkdtempSync(join(tmpdir(), 'telemetrygen-'))
  const { module, version } = telemetrygen
  progress(`go install ${module}@${version} (some minutes)`)
  try {
    const env = { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' }
    execFileSync('go', ['install', `${module}@${version}`], { env, stdio: 'ignore' })
  } catch {
    progress('simulate beside telemetrygen: skipped, go install did not work here')
    rmSync(folder, { recursive: true })
    return undefined
  }
  return { path: join(folder, 'telemetrygen'), remove: () => rmSync(folder, { recursive: true }) }
}
