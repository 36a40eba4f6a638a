import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { ConsoleSpanExporter, SimpleSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace'
import { instanceIdAttribute } from 'dialects/gen-ai/names'
import { register } from 'import-in-the-middle/register-hooks.mjs'
import { EnvironmentError, readEnvironment } from '../environment.ts'
import { instanceIdOf } from '../instance.ts'
import { keepLoopbackDirect } from '../loopback.ts'
import { serviceNameOf } from '../service-name.ts'
import { environmentSchema, serviceVariables } from '../settings.ts'
import { installDiagnostics } from './diagnostics.ts'
import { createExporter } from './exporter.ts'
import { logTelemetry } from './log.ts'
import { noSpans, noTelemetry } from './none.ts'
import { pairsText } from './pairs.ts'
import { RetainingSpanProcessor } from './processor.ts'
import { createReporter } from './reporter.ts'
import { ResourceWitness } from './resource-witness.ts'
import { type ExportTarget, exportTarget, originOf } from './target.ts'
import type { Telemetry } from './telemetry.ts'
import { writeBack } from './variables.ts'

export type { Destination, Telemetry } from './telemetry.ts'

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

/**
 * Starts the OpenTelemetry SDK for a service. Instrumentations that somebody enables have to come before what they instrument, so
 * call it from a module that is given to `node --import`. Everything but `serviceName` is set by the standard `OTEL_*` variables; an
 * empty one counts as unset. `work` matches the URLs whose requests an instrumentation of HTTP is to trace.
 */
export function startTelemetry(service: { serviceName: string; work: RegExp }): Telemetry {
  const { env } = process
  const settings = readSettings(service.serviceName, env)
  if (!settings || settings.OTEL_SDK_DISABLED) return noTelemetry
  prepare(env, settings)

  // For somebody who enables them: without it what ES modules import stays untraced. It takes 8 MB.
  if (env.OTEL_NODE_ENABLED_INSTRUMENTATIONS !== defaults.OTEL_NODE_ENABLED_INSTRUMENTATIONS)
    register({ include: ['express', 'http', 'node:http'] })
  const also = settings.ALSO_SEND_SPANS_TO
  const second: ExportTarget[] = also ? [{ protocol: 'http/json', url: `${also}/v1/traces`, headers: {} }] : []
  const targets = [exportTarget(env), ...second]
  const maxQueueSpans = settings.OTEL_BSP_MAX_QUEUE_SIZE ?? 131_072
  installDiagnostics(settings)
  const retaining = (target: ExportTarget) => {
    const processor = new RetainingSpanProcessor(createExporter(target), {
      maxQueueSpans,
      maxQueueBytes: (settings.SPAN_QUEUE_MIB ?? 256) * 1024 * 1024,
      maxBatchSpans: settings.OTEL_BSP_MAX_EXPORT_BATCH_SIZE ?? 512,
      maxBatchBytes: (settings.SPAN_BATCH_MIB ?? 4) * 1024 * 1024,
      delayMs: settings.OTEL_BSP_SCHEDULE_DELAY ?? 500,
      parallelExports: 2,
      exportTimeoutMs: settings.OTEL_BSP_EXPORT_TIMEOUT ?? 30_000,
      backoffMs: 500,
      maxBackoffMs: 5000,
      maxAskedMs: 300_000,
      report: createReporter(target, maxQueueSpans, logTelemetry),
    })
    retained.push({ endpoint: originOf(target.url), processor })
    return processor
  }
  const retained: { endpoint: string; processor: RetainingSpanProcessor }[] = []
  const processors = new Map<string, () => SpanProcessor[]>([
    ['otlp', () => targets.map(retaining)],
    ['console', () => [new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() })]],
  ])
  const asked = new Set<string>(settings.OTEL_TRACES_EXPORTER ?? ['otlp'])
  asked.delete('none')
  const names = [...asked]
  // An exporter that only the SDK knows is left to the SDK.
  const own = names.every((name) => processors.has(name)) ? names.flatMap((name) => processors.get(name)!()) : undefined
  const witness = new ResourceWitness()

  const sdk = new NodeSDK({
    serviceName: serviceNameOf(settings),
    ...(own && { spanProcessors: [...own, witness] }),
    instrumentations: [
      getNodeAutoInstrumentations({
        '@opentelemetry/instrumentation-http': {
          ignoreIncomingRequestHook: ({ url }) => !service.work.test(url ?? ''),
        },
      }),
    ],
  })
  sdk.start()

  return {
    counters: () => retained[0]?.processor.counters() ?? noSpans,
    destinations: () =>
      retained.map(({ endpoint, processor }) => ({
        endpoint,
        counters: processor.counters(),
        end: processor.end,
        keptBefore: (end) => processor.keptBefore(end),
      })),
    resource: () => witness.attributes,
    async shutdown(deadlineMs) {
      const lost = await Promise.all(retained.map(({ processor }) => processor.close(deadlineMs)))
      // What is left to close are connections: an exporter that hangs is not waited for.
      const closed = sdk.shutdown().catch((error: unknown) => logTelemetry(String(error)))
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000).unref())])
      return Math.max(0, ...lost)
    },
  }
}

/** The environment as it was meant; undefined when something in it is wrong, which the service itself is about to tell. */
function readSettings(serviceName: string, env: NodeJS.ProcessEnv) {
  try {
    return readEnvironment(environmentSchema(serviceVariables({ port: 0, serviceName })), env)
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined
    throw error
  }
}

/** The SDK reads the environment itself: it is to find there what was understood. */
function prepare(env: NodeJS.ProcessEnv, settings: NonNullable<ReturnType<typeof readSettings>>): void {
  writeBack(env, settings)
  const attributes = settings.OTEL_RESOURCE_ATTRIBUTES
  env.OTEL_RESOURCE_ATTRIBUTES = pairsText({ ...attributes, [instanceIdAttribute]: instanceIdOf(settings) })
  for (const [name, value] of Object.entries(defaults)) env[name] ??= value
  // With it the SDK sets a logger of its own, which prints the stack of whoever set another one.
  delete env.OTEL_LOG_LEVEL
  keepLoopbackDirect(env)
}
