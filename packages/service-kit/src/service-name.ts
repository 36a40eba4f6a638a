/** What says how a service is called. */
interface Names {
  OTEL_SERVICE_NAME?: string | undefined
  OTEL_RESOURCE_ATTRIBUTES?: Readonly<Record<string, string>> | undefined
  SERVICE_NAME: string
  SERVICE_NAME_SUFFIX?: string | undefined
}

/**
 * The service's name on every span and in every answer. The standard variables come first, in their order, and they name all
 * that is started with them: there the suffix tells one from the other.
 */
export function serviceNameOf(names: Names): string {
  const { OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, SERVICE_NAME, SERVICE_NAME_SUFFIX = '' } = names
  const standard = OTEL_SERVICE_NAME ?? OTEL_RESOURCE_ATTRIBUTES?.['service.name']
  return standard === undefined ? SERVICE_NAME : standard + SERVICE_NAME_SUFFIX
}
