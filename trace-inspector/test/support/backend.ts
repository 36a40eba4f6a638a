import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Started, startHeard } from '../../../scripts/process.ts'
import { freePort } from '../../../test/support/ports.ts'

/** Programs that are not ours, where the environment says that they are there: paths of the Collector and of Jaeger. */
export const programs = { collector: process.env.OTELCOL_BIN, jaeger: process.env.JAEGER_BIN }

const configs = fileURLToPath(new URL('../../../otel-collector/', import.meta.url))

export interface Backend {
  /** Takes OTLP/HTTP. */
  url: string
  stop: () => Promise<void>
}

/** Ports that nobody listens on. */
export const freePorts = (count: number): Promise<number[]> => Promise.all(Array.from({ length: count }, freePort))

/** Starts a program and waits until it writes what says that it is ready. */
async function start(program: string, args: string[], ready: RegExp, env: NodeJS.ProcessEnv): Promise<Started> {
  const started = startHeard(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await started.until(ready)
  return started
}

/** The real Collector with the configurations that the stack has, or others by their whole paths; `changes` is one more on top, in YAML's paths. */
export async function startCollector(
  files: readonly string[],
  changes: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Backend> {
  const [grpc, http, health] = await freePorts(3)
  const own = [
    `receivers::otlp::protocols::grpc::endpoint: 127.0.0.1:${grpc}`,
    `receivers::otlp::protocols::http::endpoint: 127.0.0.1:${http}`,
    `extensions::health_check::endpoint: 127.0.0.1:${health}`,
    'exporters::debug::verbosity: basic',
    'service::telemetry::metrics::level: none',
  ]
  const args = [
    ...files.map((file) => `file:${resolve(configs, file)}`),
    ...[...own, ...changes].map((change) => `yaml:${change}`),
  ]
  const { stop } = await start(
    programs.collector as string,
    args.map((config) => `--config=${config}`),
    /Everything is ready/,
    env,
  )
  return { url: `http://127.0.0.1:${http}`, stop: async () => void (await stop()) }
}

/** The real Jaeger; `queryUrl` is where it is read. */
export async function startJaeger(): Promise<Backend & { queryUrl: string }> {
  const names = [
    'collector.otlp.http',
    'query.http-server',
    'collector.otlp.grpc',
    'query.grpc-server',
    'admin.http',
    'collector.http-server',
    'collector.grpc-server',
    'http-server',
  ]
  const agents = ['jaeger-compact', 'jaeger-binary', 'zipkin-compact'].map((name) => `processor.${name}.server`)
  const ports = await freePorts(names.length + agents.length)
  const args = [...names, ...agents].map((name, index) =>
    name.startsWith('processor.')
      ? `--${name}-host-port=127.0.0.1:${ports[index]}`
      : `--${name}.host-port=127.0.0.1:${ports[index]}`,
  )
  const { stop } = await start(programs.jaeger as string, args, /Health Check state change.*"ready"/, {
    COLLECTOR_QUEUE_SIZE: '100000',
  })
  return {
    url: `http://127.0.0.1:${ports[0]}`,
    queryUrl: `http://127.0.0.1:${ports[1]}`,
    stop: async () => void (await stop()),
  }
}
