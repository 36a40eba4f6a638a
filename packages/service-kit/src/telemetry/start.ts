import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node'
import { getBooleanFromEnv, getNumberFromEnv, getStringListFromEnv } from '@opentelemetry/core'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { ConsoleSpanExporter, SimpleSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace'
import { register } from 'import-in-the-middle/register-hooks.mjs'
import { installDiagnostics, logTelemetry } from './diagnostics.ts'
import { createExporter } from './exporter.ts'
import { noSpans, noTelemetry } from './none.ts'
import { RetainingSpanProcessor, type SpanCounters } from './processor.ts'
import { createReporter } from './reporter.ts'
import { exportTarget } from './target.ts'

/** What these services take where a standard variable says nothing. */
const defaults = {
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  // What the process itself goes through, for whoever exports metrics. Spans of HTTP are opened by who knows what they are for.
  OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'runtime-node',
  // A join links to every branch and a stream has an event a stall: the SDK's 128 would cut them off.
  OTEL_SPAN_LINK_COUNT_LIMIT: '10000',
  OTEL_SPAN_EVENT_COUNT_LIMIT: '4096',
}

export interface Telemetry {
  /** What happened to this process's spans; all 0 where nothing is exported by OTLP. */
  counters(): SpanCounters
  /** Sends what is queued, for `deadlineMs` at most, and ends. Resolves to the number of spans that were lost by it. */
  shutdown(deadlineMs: number): Promise<number>
}

/**
 * Starts the OpenTelemetry SDK for a service. Instrumentations that somebody enables have to come before what they instrument, so
 * call it from a module that is given to `node --import`. Everything but `serviceName` is set by the standard `OTEL_*` variables; an
 * empty one counts as unset. `work` matches the URLs whose requests an instrumentation of HTTP is to trace.
 */
export function startTelemetry(service: { serviceName: string; work: RegExp }): Telemetry {
  const env = process.env
  for (const name of Object.keys(env)) if (name.startsWith('OTEL_') && env[name] === '') delete env[name]
  for (const [name, value] of Object.entries(defaults)) env[name] ??= value
  if (getBooleanFromEnv('OTEL_SDK_DISABLED')) return noTelemetry

  // For somebody who enables them: without it what ES modules import stays untraced. It takes 8 MB.
  if (env.OTEL_NODE_ENABLED_INSTRUMENTATIONS !== defaults.OTEL_NODE_ENABLED_INSTRUMENTATIONS)
    register({ include: ['express', 'http', 'node:http'] })
  const target = exportTarget(env)
  const maxQueueSpans = getNumberFromEnv('OTEL_BSP_MAX_QUEUE_SIZE') ?? 131_072
  const report = createReporter(target, maxQueueSpans, logTelemetry)
  installDiagnostics(env)
  const retaining = () => {
    const exporter = createExporter(target.protocol, (reason) => report({ kind: 'retry', reason }))
    return new RetainingSpanProcessor(exporter, {
      maxQueueSpans,
      maxQueueBytes: (getNumberFromEnv('SPAN_QUEUE_MIB') ?? 256) * 1024 * 1024,
      maxBatchSpans: getNumberFromEnv('OTEL_BSP_MAX_EXPORT_BATCH_SIZE') ?? 2048,
      maxBatchBytes: (getNumberFromEnv('SPAN_BATCH_MIB') ?? 4) * 1024 * 1024,
      delayMs: getNumberFromEnv('OTEL_BSP_SCHEDULE_DELAY') ?? 500,
      parallelExports: 2,
      exportTimeoutMs: getNumberFromEnv('OTEL_BSP_EXPORT_TIMEOUT') ?? 30_000,
      backoffMs: 500,
      maxBackoffMs: 5000,
      report,
    })
  }
  const processors = new Map<string, () => SpanProcessor>([
    ['otlp', retaining],
    ['console', () => new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() })],
  ])
  const asked = new Set(getStringListFromEnv('OTEL_TRACES_EXPORTER') ?? ['otlp'])
  asked.delete('none')
  const names = [...asked]
  // An exporter that only the SDK knows is left to the SDK.
  const own = names.every((name) => processors.has(name)) ? names.map((name) => processors.get(name)!()) : undefined
  const retained = own?.find((processor) => processor instanceof RetainingSpanProcessor)

  const sdk = new NodeSDK({
    serviceName: env.SERVICE_NAME || env.OTEL_SERVICE_NAME || service.serviceName,
    ...(own && { spanProcessors: own }),
    instrumentations: [
      getNodeAutoInstrumentations({
        '@opentelemetry/instrumentation-http': {
          ignoreIncomingRequestHook: ({ url }) => !service.work.test(url ?? ''),
        },
      }),
    ],
  })
  // The SDK has just set a logger of its own.
  installDiagnostics(env)
  sdk.start()

  return {
    counters: () => retained?.counters() ?? noSpans,
    async shutdown(deadlineMs) {
      const lost = (await retained?.close(deadlineMs)) ?? 0
      // What is left to close are connections: an exporter that hangs is not waited for.
      const closed = sdk.shutdown().catch((error: unknown) => logTelemetry(String(error)))
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000).unref())])
      return lost
    },
  }
}
