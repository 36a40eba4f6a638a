import { z } from 'zod'
import { integer, number, text, url } from 'contract/scalars'
import { protocols } from './telemetry/target.ts'

/** The variables that every service here reads, for `readEnvironment`. */
export function serviceSchema(defaults: { port: number; serviceName: string }) {
  const otlpUrl = url({ description: 'Where spans go' })
  const otlpProtocol = text({
    pattern: new RegExp(`^(${protocols.join('|')})$`),
    expected: `one of ${protocols.join(', ')}`,
    description: 'How spans go',
  })
  return {
    PORT: integer({ min: 0, max: 65_535, default: defaults.port, description: 'Port to listen on' }),
    HOST: text({
      pattern: /^\S{1,255}$/,
      expected: 'an address',
      default: '127.0.0.1',
      description: 'Address to listen on',
    }),
    ALLOWED_HOSTS: text({
      pattern: /^[^\s,]+(,[^\s,]+)*$/,
      expected: 'names with commas between them',
      description: 'More names that a request may give in `Host`; `.example.com` is all below it',
    }),
    SERVICE_NAME: text({
      pattern: /^[^\r\n]{1,255}$/,
      expected: '1 to 255 characters on one line',
      default: process.env.OTEL_SERVICE_NAME || defaults.serviceName,
      description: 'Service name on every span',
    }),
    DRAIN_TIMEOUT_S: number({
      min: 0,
      max: 3600,
      default: 5,
      description: 'How long runs may go on after a stop was asked for, s',
    }),
    FLUSH_TIMEOUT_S: number({
      min: 0,
      max: 3600,
      default: 10,
      description: 'How long spans may take to leave after that, s',
    }),
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: otlpUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: otlpProtocol,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: otlpProtocol,
    OTEL_BSP_MAX_QUEUE_SIZE: integer({ min: 1, max: 10_000_000, description: 'Spans that are kept at most' }),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: integer({ min: 1, max: 100_000, description: 'Spans in one export at most' }),
    OTEL_BSP_SCHEDULE_DELAY: integer({ min: 0, max: 3_600_000, description: 'How long a span waits for others, ms' }),
    OTEL_BSP_EXPORT_TIMEOUT: integer({ min: 1, max: 3_600_000, description: 'When an export counts as failed, ms' }),
    SPAN_QUEUE_MIB: integer({
      min: 1,
      max: 65_536,
      description: 'Estimated size of the spans that are kept at most, MiB',
    }),
    SPAN_BATCH_MIB: number({ min: 0.001, max: 1024, description: 'Estimated size of one export at most, MiB' }),
  } satisfies Record<string, z.ZodType>
}

/** What the environment allows in `Host` beside a service's own names. */
export function allowedHostsOf(config: { HOST: string; ALLOWED_HOSTS?: string | undefined }): string[] {
  return [config.HOST, ...(config.ALLOWED_HOSTS?.split(',') ?? [])]
}
