import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { trace } from '@opentelemetry/api'
import { systemClock } from 'service-kit/clock'
import { Metrics } from 'service-kit/metrics'
import { Lifecycle } from 'service-kit/serve'
import { noSpans, noTelemetry } from 'service-kit/telemetry/none'
import { createApp as createAgentApp, type Deps } from '../../agent-app/src/app.ts'
import { Pace } from '../../agent-app/src/pace.ts'
import { ToolClient } from '../../agent-app/src/tool-client/client.ts'
import { genAiBlind } from 'dialects/gen-ai/blind'
import { genAi } from 'dialects/gen-ai/dialect'
import { scenarios } from 'engine/scenarios/index'
import { createApp as createToolApp } from '../../tool-service/src/app.ts'

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export function toolApp(defaults = { delayMs: 80, errorRate: 0 }, clock = systemClock) {
  return createToolApp({
    serviceName: 'synthetic-tool-service',
    allowedHosts: [],
    defaults,
    clock,
    tracer: trace.getTracer('test'),
    lifecycle: new Lifecycle(),
    telemetry: noTelemetry,
    metrics: new Metrics(),
  })
}

/** An agent in this process, and the tools at `toolBase`. */
export function agentApp(toolBase: string, changes: Partial<Deps> = {}, toolTimeoutMs = 60_000) {
  const tools = new ToolClient(toolBase, toolTimeoutMs)
  const pace = new Pace()
  const lifecycle = new Lifecycle()
  const log: string[] = []
  const { app, inFlight } = createAgentApp({
    clock: systemClock,
    tools,
    pause: (pieces) => pace.next(pieces),
    tracer: trace.getTracer('test'),
    serviceName: 'synthetic-agent-app',
    instance: 'test',
    metrics: new Metrics(),
    scopeName: 'test',
    telemetry: noTelemetry,
    allowedHosts: [],
    agentName: undefined,
    captureContent: false,
    dialect: genAi,
    blindDialect: genAiBlind,
    secret: '0f'.repeat(16),
    spanCounters: () => noSpans,
    scenarios,
    defaults: { delayMs: 5, errorRate: 0 },
    maxToolCalls: 100,
    maxLedgerBytes: 10_000_000,
    runTimeoutMs: 0,
    lifecycle,
    answersToken: undefined,
    peerBase: undefined,
    toolsOrigin: tools.base.origin,
    areToolsReady: () => tools.isReady(),
    log: (line) => log.push(line),
    ...changes,
  })
  return { app, inFlight, tools, lifecycle, log }
}

/** Both in this process, the tools behind real HTTP. */
export async function startApps(changes: Partial<Deps> = {}, toolTimeoutMs?: number) {
  const toolServer = createServer(toolApp(undefined, changes.clock).app)
  const toolUrl = await listen(toolServer)
  const agent = agentApp(toolUrl, changes, toolTimeoutMs)
  return {
    ...agent,
    toolUrl,
    close: async () => {
      await agent.tools.close()
      toolServer.closeAllConnections()
      toolServer.close()
    },
  }
}
