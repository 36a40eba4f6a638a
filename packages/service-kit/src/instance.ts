import { serviceInstanceIdDetector } from '@opentelemetry/resources'
import { instanceIdAttribute } from 'dialects/gen-ai/names'

/** This process among those of its service, on every span and in every answer: what the environment calls it, or a random id. */
export function instanceIdOf({
  OTEL_RESOURCE_ATTRIBUTES: attributes,
}: {
  OTEL_RESOURCE_ATTRIBUTES?: Readonly<Record<string, string>> | undefined
}): string {
  return (
    attributes?.[instanceIdAttribute] || String(serviceInstanceIdDetector.detect().attributes?.[instanceIdAttribute])
  )
}
