import { integer, number, text } from 'contract/scalars'
import { z } from 'zod'
import { isHttpUrl } from './telemetry/endpoint.ts'
import { exportProtocol } from './telemetry/target.ts'
import { telemetryVariables } from './telemetry/variables.ts'

/** The variables that every service here reads, for `environmentSchema`. */
export function serviceVariables(defaults: { port: number; serviceName: string }) {
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
    SERVICE_NAME: name(
      'Service name on every span, where OTEL_SERVICE_NAME and `service.name` say none',
      defaults.serviceName,
    ),
    SERVICE_NAME_SUFFIX: name('Appended to a name from those two, which name all that is started with them'),
    ...telemetryVariables,
  } satisfies Record<string, z.ZodType>
}

/** What opens sealed runs: an agent's door, and by it what trace-inspector knows of them. */
export const answersToken = () =>
  text({
    pattern: /^[\x21-\x7e]{16,256}$/,
    expected: '16 to 256 printable ASCII characters without blanks',
    description:
      'Whoever shows it (`Authorization: Bearer`) reads what is sealed; trace-inspector shows it to agents, to verify blind runs',
  })

/** What the environment allows in `Host` beside a service's own names. */
export function allowedHostsOf(config: { HOST: string; ALLOWED_HOSTS?: string | undefined }): string[] {
  return [config.HOST, ...(config.ALLOWED_HOSTS?.split(',') ?? [])]
}

function name<Default extends string | undefined = undefined>(description: string, preset?: Default) {
  const expected = '1 to 255 characters on one line'
  return text<Default>({ pattern: /^[^\r\n]{1,255}$/, expected, default: preset as Default, description })
}

type Endpoints = Parameters<typeof exportProtocol>[0]

/** The environment of a process that sends spans: what its variables say has to fit together as well. */
export function environmentSchema<Shape extends typeof telemetryVariables>(shape: Shape) {
  const shared = 'OTEL_EXPORTER_OTLP_ENDPOINT'
  const own = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
  const takes = (name: typeof own | typeof shared) => (read: unknown) => {
    // The compiler does not see what is read by a shape that it does not know.
    const given = read as Endpoints
    const counts = name === own || given[own] === undefined
    return !counts || exportProtocol(given) === 'grpc' || given[name] === undefined || isHttpUrl(given[name])
  }
  const error = 'an http or https URL, for the protocol is not grpc'
  // Told together with all else that is wrong.
  const when = () => true
  return z
    .object(shape)
    .refine(takes(own), { path: [own], error, when })
    .refine(takes(shared), { path: [shared], error, when })
}
