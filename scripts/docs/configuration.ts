import { configSchema as agentConfig } from '../../agent-app/src/config.ts'
import { configSchema as toolConfig } from '../../tool-service/src/config.ts'
import { configSchema as inspectorConfig } from '../../trace-inspector/src/config.ts'
import { code, type Property, propertiesOf, table } from './markdown.ts'

/** What a variable is, and the words that it takes. */
function meaning({ description = '', enum: words, items }: Property): string {
  const known = words ?? items?.enum
  return known ? `${description} (${known.join(', ')})` : description
}

/** A variable that a more general one stands for. */
const ofOneSignal = /^OTEL_EXPORTER_OTLP_(TRACES|METRICS|LOGS)_/

export function configurationTable(): string {
  const services = [
    ['agent-app', agentConfig],
    ['tool-service', toolConfig],
    ['trace-inspector', inspectorConfig],
  ] as const
  const byName = new Map<string, { property: Property; readers: string[]; defaults: Set<string> }>()
  for (const [service, schema] of services) {
    for (const [name, property] of propertiesOf(schema)) {
      const known = byName.get(name) ?? { property, readers: [], defaults: new Set<string>() }
      known.readers.push(service)
      known.defaults.add(String(property.default ?? ''))
      byName.set(name, known)
    }
  }
  const rows = [...byName]
    .filter(([name]) => !ofOneSignal.test(name))
    .map(([name, { property, readers, defaults }]) => [
      code(name),
      [...defaults].map(code).filter(Boolean).join(', '),
      meaning(property),
      readers.length === services.length ? 'all' : readers.join(', '),
    ])
  return table(['Variable', 'Default', 'What it is', 'Read by'], rows)
}
