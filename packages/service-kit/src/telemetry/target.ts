export const protocols = ['http/json', 'http/protobuf', 'grpc'] as const
export type Protocol = (typeof protocols)[number]

/** Where spans go and how, by the standard variables. For messages: the exporter reads the same variables itself. */
export function exportTarget(env: NodeJS.ProcessEnv): { protocol: Protocol; url: string } {
  const asked = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL
  const protocol = protocols.find((name) => name === asked) ?? 'http/json'
  const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
  const shared = env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (protocol === 'grpc') return { protocol, url: own ?? shared ?? 'http://localhost:4317' }
  return { protocol, url: own ?? `${(shared ?? 'http://localhost:4318').replace(/\/$/, '')}/v1/traces` }
}
