import { randomBytes } from 'node:crypto'
import { readEnvironment, EnvironmentError } from 'service-kit/environment'
import { integer } from 'contract/scalars'
import { environmentSchema, serviceVariables } from 'service-kit/settings'
import { exportProtocol, exportTarget, originOf } from 'service-kit/telemetry/target'
import { z } from 'zod'
import { serviceArgs } from './service-args.ts'

/** A process that `npm start` runs: how it is started, and how it is known to be there. */
export interface Service {
  /** What its lines of output are prefixed with. */
  name: string
  /** The workspace folder that it runs in. */
  folder: string
  /** Arguments of `node`. */
  args: string[]
  port: number
  /** The variable that sets the port. */
  portVariable: string
  /** Answers 200 when the service takes work. */
  readyPath: string
  /** What its environment has beyond the shared one. An undefined one is left out. */
  environment: Record<string, string | undefined>
  /** Services that it uses: they are stopped after it. */
  uses: string[]
}

export interface Setup {
  /** Where spans go: scheme, host and port. */
  spansTo: string[]
  services: Service[]
  /** Address that all listen on. */
  host: string
  /** How long a service may take to end after it was asked to, ms: then it hangs. */
  stopMs: number
}

const port = (preset: number, of: string) =>
  integer({ min: 1, max: 65_535, default: preset, description: `Port of ${of}` })
const ports = {
  AGENT_PORT: port(8080, 'the primary agent'),
  SECONDARY_PORT: port(8082, 'the secondary agent'),
  TOOL_PORT: port(8081, 'tool-service'),
  INSPECTOR_PORT: port(4319, 'trace-inspector'),
}
const { PORT: _, ...shared } = serviceVariables({ port: 0, serviceName: 'synthetic-agent-app' })
const { HOST, DRAIN_TIMEOUT_S, FLUSH_TIMEOUT_S } = shared
/** What `npm start` itself reads. */
export const setupSchema = z.object({ ...ports, HOST, DRAIN_TIMEOUT_S, FLUSH_TIMEOUT_S })
// What is wrong for all services is told once, before any starts.
const schema = environmentSchema({ ...shared, ...ports })

/** Beyond its drain and flush deadlines a service takes some 2 s to abort work and to close connections. */
const stopMarginMs = 4000

/** The services and the environment of each; throws an EnvironmentError that names every bad port. */
export function readSetup(environment: NodeJS.ProcessEnv): Setup {
  const read = readEnvironment(schema, environment)
  refuseSharedPorts(read)
  const { AGENT_PORT, SECONDARY_PORT, TOOL_PORT, INSPECTOR_PORT } = read
  const agent = {
    folder: 'agent-app',
    args: serviceArgs,
    readyPath: '/ready',
    uses: ['tool-service', 'trace-inspector'],
  }
  const TOOL_BASE = urlOf(read.HOST, TOOL_PORT)
  const agents = [AGENT_PORT, SECONDARY_PORT].map((agentPort) => urlOf(read.HOST, agentPort))
  const [primary, secondary] = agents
  const traces = goElsewhere(read) ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: urlOf(read.HOST, INSPECTOR_PORT) }
  // What one process keeps sealed, another is to verify.
  const ANSWERS_TOKEN = environment.ANSWERS_TOKEN || randomBytes(16).toString('hex')
  const services: Service[] = [
    {
      name: 'trace-inspector',
      folder: 'trace-inspector',
      args: ['src/main.ts'],
      port: INSPECTOR_PORT,
      portVariable: 'INSPECTOR_PORT',
      readyPath: '/ready',
      environment: {
        INSPECTOR_PORT: String(INSPECTOR_PORT),
        AGENT_URLS: environment.AGENT_URLS || agents.join(','),
        ANSWERS_TOKEN,
      },
      uses: [],
    },
    {
      name: 'tool-service',
      folder: 'tool-service',
      args: serviceArgs,
      port: TOOL_PORT,
      portVariable: 'TOOL_PORT',
      readyPath: '/health',
      environment: { ...traces, SERVICE_NAME_SUFFIX: '-tools' },
      uses: ['trace-inspector'],
    },
    {
      ...agent,
      name: 'agent-app',
      port: AGENT_PORT,
      portVariable: 'AGENT_PORT',
      environment: {
        ...traces,
        TOOL_BASE,
        PEER_BASE: environment.PEER_BASE || secondary,
        ANSWERS_TOKEN,
        SERVICE_NAME: read.SERVICE_NAME,
        AGENT_NAME: environment.AGENT_NAME,
      },
    },
    {
      ...agent,
      name: 'agent-app-secondary',
      port: SECONDARY_PORT,
      portVariable: 'SECONDARY_PORT',
      environment: {
        ...traces,
        TOOL_BASE,
        PEER_BASE: environment.PEER_BASE || primary,
        ANSWERS_TOKEN,
        SERVICE_NAME: `${read.SERVICE_NAME}-secondary`,
        SERVICE_NAME_SUFFIX: '-secondary',
        AGENT_NAME: 'SecondaryAgent',
      },
    },
  ]
  const stopMs = (read.DRAIN_TIMEOUT_S + read.FLUSH_TIMEOUT_S) * 1000 + stopMarginMs
  const also = read.ALSO_SEND_SPANS_TO ? [read.ALSO_SEND_SPANS_TO] : []
  const spansTo = [exportTarget({ ...read, ...traces }).url, ...also].map(originOf)
  return { services, spansTo, host: read.HOST, stopMs }
}

/** Whether the shell says where spans go; one that asks for gRPC means a Collector, for trace-inspector takes HTTP. */
function goElsewhere(read: Parameters<typeof exportProtocol>[0]): boolean {
  const endpoint = read.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? read.OTEL_EXPORTER_OTLP_ENDPOINT
  return endpoint !== undefined || exportProtocol(read) === 'grpc'
}

/** Variables of the shell that belong to one service alone. */
const notShared = ['PORT', 'SERVICE_NAME', 'SERVICE_NAME_SUFFIX', 'AGENT_NAME']

/** The environment of a service's process. */
export function environmentOf(service: Service, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const shared = Object.entries(environment).filter(([name]) => !notShared.includes(name))
  // Where a relative path was typed: services run in folders of their own.
  const INIT_CWD = environment.INIT_CWD ?? process.cwd()
  return { ...Object.fromEntries(shared), INIT_CWD, ...service.environment, PORT: String(service.port) }
}

/** Where a service that listens on `host` is reached from this machine. */
export function urlOf(host: string, port: number): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

function refuseSharedPorts(read: Record<keyof typeof ports, number>): void {
  const byPort = Map.groupBy(Object.keys(ports) as (keyof typeof ports)[], (name) => read[name])
  const lines = [...byPort]
    .filter(([, names]) => names.length > 1)
    .map(([value, names]) => `  ${names.map((name) => `${name}=${value}`).join(', ')}: expected a port each`)
  if (lines.length > 0) throw new EnvironmentError(`Services cannot share a port:\n${lines.join('\n')}`)
}
