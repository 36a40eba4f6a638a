import { trace } from '@opentelemetry/api'
import { systemClock } from 'service-kit/clock'
import { instanceIdOf } from 'service-kit/instance'
import { runMain } from 'service-kit/main'
import { Metrics } from 'service-kit/metrics'
import { Lifecycle, serve } from 'service-kit/serve'
import { allowedHostsOf } from 'service-kit/settings'
import { serviceNameOf } from 'service-kit/service-name'
import { createApp } from './app.ts'
import { contentNote, isContentOnSpans, readConfig } from './config.ts'
import { LedgerSink } from './ledger-sink.ts'
import { lineWriter } from './line-writers.ts'
import { telemetry } from './telemetry.ts'
import { Pace } from './pace.ts'
import { ToolClient } from './tool-client/client.ts'
import { drawSecret } from 'contract/secret'
import { genAiBlind } from 'dialects/gen-ai/blind'
import { genAi } from 'dialects/gen-ai/dialect'
import { scenarios } from 'engine/scenarios/index'

const scopeName = 'agent-app'

await runMain('agent-app', async () => {
  const config = readConfig(process.env)
  const note = contentNote(config)
  if (note !== undefined) console.log(note)
  const lifecycle = new Lifecycle()
  const pace = new Pace()
  const tools = new ToolClient(config.TOOL_BASE, config.TOOL_TIMEOUT_MS)
  const instance = instanceIdOf(config)
  const metrics = new Metrics()
  metrics.watchProcess()
  const ledgerSink =
    config.LEDGER_SINK === undefined
      ? undefined
      : new LedgerSink(lineWriter(config.LEDGER_SINK, instance), {
          maxBytes: config.LEDGER_MIB * 1024 * 1024,
          tell: console.error,
        })
  const { app, inFlight } = createApp({
    instance,
    metrics,
    ledgerSink,
    clock: systemClock,
    tools,
    pause: (pieces) => pace.next(pieces),
    tracer: trace.getTracer(scopeName),
    scopeName,
    telemetry,
    allowedHosts: allowedHostsOf(config),
    serviceName: serviceNameOf(config),
    agentName: config.AGENT_NAME,
    dialect: genAi,
    blindDialect: genAiBlind,
    secret: config.RUN_SECRET ?? drawSecret(),
    captureContent: isContentOnSpans(config),
    spanCounters: () => telemetry.counters(),
    scenarios,
    defaults: { delayMs: config.TOOL_DELAY_MS, errorRate: config.TOOL_ERROR_RATE },
    maxToolCalls: config.MAX_TOOL_CALLS,
    maxLedgerBytes: config.LEDGER_MIB * 1024 * 1024,
    runTimeoutMs: config.RUN_TIMEOUT_S * 1000,
    lifecycle,
    answersToken: config.ANSWERS_TOKEN,
    peerBase: config.PEER_BASE,
    toolsOrigin: tools.base.origin,
    areToolsReady: () => tools.isReady(),
    log: console.log,
  })
  await serve(app, {
    name: 'agent-app',
    host: config.HOST,
    port: config.PORT,
    lifecycle,
    telemetry,
    ledgers: ledgerSink,
    inFlight,
    drainMs: config.DRAIN_TIMEOUT_S * 1000,
    flushMs: config.FLUSH_TIMEOUT_S * 1000,
  })
})
