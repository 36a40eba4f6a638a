import { runMain } from 'service-kit/main'
import { Metrics } from 'service-kit/metrics'
import { Lifecycle, serve } from 'service-kit/serve'
import { allowedHostsOf } from 'service-kit/settings'
import { noTelemetry } from 'service-kit/telemetry/none'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'

const urlsIn = (text = '') => (text === '' ? [] : text.split(',').map((url) => url.trim().replace(/\/+$/, '')))

await runMain('trace-inspector', async () => {
  const config = readConfig(process.env)
  const lifecycle = new Lifecycle()
  const metrics = new Metrics()
  metrics.watchProcess()
  const { app, inFlight, requestMs } = createApp({
    metrics,
    agents: urlsIn(config.AGENT_URLS),
    shards: urlsIn(config.INSPECTOR_SHARDS),
    maxBytes: config.INSPECTOR_MIB * 1024 * 1024,
    overlapMs: config.INSPECTOR_OVERLAP_S * 1000,
    allowedHosts: allowedHostsOf(config),
    lifecycle,
    answersToken: config.ANSWERS_TOKEN,
  })
  await serve(app, {
    name: 'trace-inspector',
    host: config.HOST,
    port: config.INSPECTOR_PORT,
    portVariable: 'INSPECTOR_PORT',
    lifecycle,
    telemetry: noTelemetry,
    inFlight,
    drainMs: config.DRAIN_TIMEOUT_S * 1000,
    flushMs: 0,
    requestMs,
  })
})
