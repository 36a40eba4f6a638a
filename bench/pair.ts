import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunAnswer } from '../agent-app/src/output.ts'
import { type Measured, start, startAgent, startTools } from './processes.ts'

/** An agent and its tools, as far as a benchmark is concerned. */
export interface Pair {
  agent: Measured
  /** Makes `hops` tool calls, `concurrency` at a time, without delay; resolves when all is done, exports included. */
  hops(count: number, concurrency: number): Promise<void>
  /** CPU time of both so far, ms. */
  cpuMs(): Promise<number>
  stop(): Promise<void>
}

/** The services themselves. */
export interface Services extends Pair {
  run(scenario: string, query: string): Promise<RunAnswer>
  /** Resolves when every span has left. */
  exported(): Promise<void>
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url)
  const body = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${body}`)
  return JSON.parse(body) as T
}

function pairOf(agent: Measured, tools: Measured, hops: Pair['hops']): Pair {
  return {
    agent,
    hops,
    cpuMs: async () => (await agent.cpuMs()) + (await tools.cpuMs()),
    async stop() {
      await agent.stop()
      await tools.stop()
    },
  }
}

/** The least that a hop can be: undici, and `tool` of `floor/` at the other end. */
export async function startFloor(tool: 'express-tool' | 'http-tool'): Promise<Pair> {
  const tools = await start('bench', [`floor/${tool}.ts`])
  const agent = await start('bench', ['floor/agent.ts'], { TOOL_BASE: tools.url })
  return pairOf(agent, tools, (count, concurrency) => get(`${agent.url}/run?hops=${count}&concurrency=${concurrency}`))
}

/** agent-app and tool-service, their spans sent to `receiver` unless `env` says otherwise. */
export async function startServices(receiver: Measured, env: Record<string, string> = {}): Promise<Services> {
  const both = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env }
  const tools = await startTools(both)
  const agent = await startAgent({ TOOL_BASE: tools.url, ...both })
  const run = (scenario: string, query: string) => get<RunAnswer>(`${agent.url}/run?scenario=${scenario}&${query}`)
  const exported = async () => {
    for (const { url } of [agent, tools]) {
      while ((await get<RunAnswer['telemetry']>(`${url}/telemetry`)).queued > 0) await sleep(50)
    }
  }
  const hops = async (count: number, concurrency: number) => {
    const { ok } = await run('fanout', hopsQuery(count, concurrency))
    if (!ok) throw new Error('a tool call failed')
    await exported()
  }
  return { ...pairOf(agent, tools, hops), run, exported }
}

/** Parameters of a fan-out in which nothing takes time of its own. */
export const hopsQuery = (count: number, concurrency: number) =>
  `fanout=${count}&concurrency=${concurrency}&delay_ms=0&llm_delay_ms=0&stragglers=0&thoughts=0`

/** Every instrumentation that auto-instrumentations-node has, as OTEL_NODE_ENABLED_INSTRUMENTATIONS names them. */
export function allInstrumentations(): string {
  const serviceKit = new URL('../packages/service-kit/package.json', import.meta.url)
  const file = findPackageJSON('@opentelemetry/auto-instrumentations-node', serviceKit) as string
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> }
  const prefix = '@opentelemetry/instrumentation-'
  const names = Object.keys(dependencies).filter((name) => name.startsWith(prefix))
  return names.map((name) => name.slice(prefix.length)).join(',')
}
