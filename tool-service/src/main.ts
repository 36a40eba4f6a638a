import { trace } from '@opentelemetry/api'
import { systemClock } from 'service-kit/clock'
import { runMain } from 'service-kit/main'
import { Metrics } from 'service-kit/metrics'
import { Lifecycle, serve } from 'service-kit/serve'
import { allowedHostsOf } from 'service-kit/settings'
import { serviceNameOf } from 'service-kit/service-name'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { telemetry } from './telemetry.ts'

await runMain('tool-service', async () => {
  const config = readConfig(process.env)
  const lifecycle = new Lifecycle()
  const metrics = new Metrics()
  metrics.watchProcess()
  const { app, inFlight } = createApp({
    metrics,
    allowedHosts: allowedHostsOf(config),
    serviceName: serviceNameOf(config),
    defaults: {
      delayMs: config.TOOL_DELAY_MS,
      errorRate: config.TOOL_ERROR_RATE,
      maxDelayMs: config.TOOL_MAX_DELAY_MS,
    },
    clock: systemClock,
    tracer: trace.getTracer('tool-service'),
    lifecycle,
    telemetry,
  })
  await serve(app, {
    name: 'tool-service',
    host: config.HOST,
    port: config.PORT,
    lifecycle,
    telemetry,
    inFlight,
    drainMs: config.DRAIN_TIMEOUT_S * 1000,
    flushMs: config.FLUSH_TIMEOUT_S * 1000,
  })
})
