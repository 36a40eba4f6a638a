import { accessSync, constants } from 'node:fs'
import { z } from 'zod'
import { integer, number, url } from 'contract/scalars'
import { typedPath } from '../typed-path.ts'
import { endpoint } from './endpoint.ts'
import { headers, pairsText, resourceAttributes } from './pairs.ts'
import { protocols } from './target.ts'
import { truth, wordList, words } from './words.ts'

/**
 * The standard variables that are checked before anything starts. A wrong one keeps a service from starting, where the
 * specification would have it ignored with a warning: spans that go nowhere are what these services are to make visible.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const telemetryVariables = {
  OTEL_SERVICE_NAME: z.string().optional().meta({ description: 'Service name on every span, before all others' }),
  OTEL_RESOURCE_ATTRIBUTES: resourceAttributes('Attributes of the resource: `service.name=shop,…`, percent-encoded'),
  ...otlp(''),
  ...otlp('TRACES_'),
  ...otlp('METRICS_'),
  ...otlp('LOGS_'),
  OTEL_TRACES_EXPORTER: wordList(['otlp', 'console', 'zipkin', 'none'], 'Who gets spans'),
  OTEL_METRICS_EXPORTER: wordList(['otlp', 'console', 'prometheus', 'none'], 'Who gets metrics of the process'),
  OTEL_LOGS_EXPORTER: wordList(['otlp', 'console', 'none'], 'Who gets log records, of which there are none'),
  OTEL_TRACES_SAMPLER: words(
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    'Which traces are kept',
  ),
  OTEL_PROPAGATORS: wordList(['tracecontext', 'baggage', 'b3', 'b3multi', 'none'], 'How a trace goes on elsewhere'),
  OTEL_SDK_DISABLED: truth('Whether no spans are left at all'),
  OTEL_LOG_LEVEL: words(
    ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'],
    'What is told of telemetry itself: warnings and worse, unless set',
  ),
  OTEL_BSP_MAX_QUEUE_SIZE: integer({ min: 1, max: 10_000_000, description: 'Spans that are kept at most' }),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: integer({ min: 1, max: 100_000, description: 'Spans in one export at most' }),
  OTEL_BSP_SCHEDULE_DELAY: integer({ min: 0, max: 3_600_000, description: 'How long a span waits for others, ms' }),
  OTEL_BSP_EXPORT_TIMEOUT: integer({ min: 1, max: 3_600_000, description: 'When an export counts as failed, ms' }),
  ALSO_SEND_SPANS_TO: url({
    description:
      'A second place that spans go to, by OTLP/HTTP and without OTEL_EXPORTER_OTLP_HEADERS: /v1/traces is appended',
  }),
  SPAN_QUEUE_MIB: integer({
    min: 1,
    max: 65_536,
    description: 'Estimated size of the spans that are kept at most, MiB',
  }),
  SPAN_BATCH_MIB: number({ min: 0.001, max: 1024, description: 'Estimated size of one export at most, MiB' }),
}

type OtlpVariables = ReturnType<typeof otlpVariables>
type Otlp<Signal extends string> = {
  [K in keyof OtlpVariables as `OTEL_EXPORTER_OTLP_${Signal}${K}`]: OtlpVariables[K]
}

function otlpVariables() {
  return {
    ENDPOINT: endpoint('Where spans go'),
    PROTOCOL: words(protocols, 'How spans go'),
    HEADERS: headers('What is sent with them: `name=value,…`, percent-encoded'),
    COMPRESSION: words(['gzip', 'none'], 'Whether they are made smaller'),
    TIMEOUT: integer({ min: 1, max: 3_600_000, description: 'How long one request may take, ms' }),
    INSECURE: truth('Whether gRPC goes without TLS where the endpoint is no URL'),
    CERTIFICATE: file('Whom to trust: a file of certificates'),
    CLIENT_CERTIFICATE: file('Who is sending: a file of certificates'),
    CLIENT_KEY: file('The key of that'),
  }
}

/** Each of them for all signals, or for one: then it wins. */
function otlp<Signal extends string>(signal: Signal): Otlp<Signal> {
  const named = Object.entries(otlpVariables()).map(([name, schema]) => [`OTEL_EXPORTER_OTLP_${signal}${name}`, schema])
  // Object.fromEntries forgets which name has which schema.
  return Object.fromEntries(named) as Otlp<Signal>
}

/** A file that is there, by its whole path. */
function file(description: string) {
  const parse = (path: unknown) => (typeof path === 'string' && path !== '' ? typedPath(path) : undefined)
  const schema = z
    .string()
    .refine(isReadable, { error: ({ input }) => `a file that can be read, and ${String(input)} is none` })
  return z.preprocess(parse, schema.optional().meta({ description }))
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Writes what was understood of the standard variables where whoever reads the environment itself finds it; blanks go. */
export function writeBack(env: NodeJS.ProcessEnv, settings: object): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('OTEL_')) continue
    if (value?.trim()) env[name] = value.trim()
    else delete env[name]
  }
  for (const [name, value] of Object.entries(settings))
    if (name.startsWith('OTEL_') && value !== undefined) env[name] = standardText(value)
}

/** A value as the SDK, which reads the environment itself, takes it. */
function standardText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',')
  // Only pairs are objects.
  return typeof value === 'object' && value !== null ? pairsText(value as Record<string, string>) : String(value)
}
