export const protocols = ['http/json', 'http/protobuf', 'grpc'] as const
export type Protocol = (typeof protocols)[number]

/** Where spans go and how. */
export interface ExportTarget {
  protocol: Protocol
  url: string
  /** Instead of those of the `OTEL_EXPORTER_OTLP_*` variables, which are meant for the endpoint beside them. */
  headers?: Record<string, string>
}

/** The variables that say where spans go, and how. */
const names = {
  protocol: ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'],
  endpoint: ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
} as const
type Variable = (typeof names)[keyof typeof names][number]
type Environment = { readonly [name in Variable]?: string | undefined }

export function exportProtocol(env: Environment): Protocol {
  const asked = names.protocol.map((name) => env[name]).find((value) => value !== undefined)
  return protocols.find((name) => name === asked) ?? 'http/json'
}

/** Where spans go and how, by the standard variables as they were parsed. */
export function exportTarget(env: Environment): ExportTarget {
  const protocol = exportProtocol(env)
  const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const shared = env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (protocol === 'grpc') return { protocol, url: own ?? shared ?? 'http://localhost:4317' }
  return { protocol, url: own ?? below(shared ?? 'http://localhost:4318', 'v1/traces') }
}

/** A path below a URL, whose query stays. */
function below(base: string, path: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`
  return url.href
}

/** Scheme, host and port of an endpoint, in any form that gRPC takes: the rest may be a secret. */
export function originOf(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  return url?.host ? `${url.protocol}//${url.host}` : endpoint.replace(/^[^/@]*@|[/?#].*$/g, '')
}
