import { format, resolveConfig } from 'prettier'
import { z } from 'zod'
import { configSchema as agentConfig } from '../agent-app/src/config.ts'
import { Catalog, pathOf } from 'engine/catalog'
import { commonParams } from 'engine/scenario'
import { scenarios } from 'engine/scenarios/index'
import { configSchema as toolConfig } from '../tool-service/src/config.ts'
import { configSchema as inspectorConfig } from '../trace-inspector/src/config.ts'

const defaults = { delayMs: 80, errorRate: 0 }
const catalog = new Catalog(scenarios, defaults)

type Property = {
  description?: string
  default?: string | number | boolean
  minimum?: number
  maximum?: number
  enum?: string[]
  items?: { enum?: string[] }
}

function propertiesOf(schema: z.ZodObject): [string, Property][] {
  const { properties } = z.toJSONSchema(schema, { io: 'input' }) as { properties: Record<string, Property> }
  return Object.entries(properties)
}

/** A table in Markdown; what would break a cell is escaped. */
function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const rangeOf = ({ enum: words, minimum, maximum }: Property) =>
  words ? words.join(', ') : minimum !== undefined ? `${minimum} to ${maximum}` : ''

const code = (text: string | number | boolean | undefined) => (text === undefined || text === '' ? '' : `\`${text}\``)

function scenarioTable(): string {
  return table(
    ['Scenario', 'What happens', 'Symptom', 'Why APMs miss it', 'What the trace reveals'],
    scenarios.map((scenario) => [
      code(pathOf(scenario)),
      scenario.description,
      scenario.symptom,
      scenario.missed,
      scenario.reveals,
    ]),
  )
}

function parameterTables(): string {
  const common = Object.keys(commonParams(defaults))
  const own = catalog.offers.map(({ scenario, schema }) => {
    const rows = propertiesOf(schema)
      .filter(([name]) => Object.hasOwn(scenario.params, name))
      .map(([name, property]) => [
        code(name),
        rangeOf(property),
        scenario.derived[name]?.text ?? code(property.default),
        property.description ?? '',
      ])
    const spans = `Spans: ${scenario.spans.agent_app} in agent-app, ${scenario.spans.tool_service} in tool-service.`
    return `#### ${scenario.name}\n\n${table(['Parameter', 'Range', 'Default', 'What it is'], rows)}\n\n${spans}`
  })
  const shared = propertiesOf(z.object(commonParams(defaults))).filter(([name]) => common.includes(name))
  const rows = shared.map(([name, property]) => [
    code(name),
    rangeOf(property),
    code(property.default),
    property.description ?? '',
  ])
  return `#### All scenarios\n\n${table(['Parameter', 'Range', 'Default', 'What it is'], rows)}\n\n${own.join('\n\n')}`
}

/** What a variable is, and the words that it takes. */
function meaning({ description = '', enum: words, items }: Property): string {
  const known = words ?? items?.enum
  return known ? `${description} (${known.join(', ')})` : description
}

/** A variable that a more general one stands for. */
const ofOneSignal = /^OTEL_EXPORTER_OTLP_(TRACES|METRICS|LOGS)_/

function configurationTable(): string {
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
    .map(([name, { property, readers, defaults: values }]) => [
      code(name),
      [...values].map(code).filter(Boolean).join(', '),
      meaning(property),
      readers.length === services.length ? 'all' : readers.join(', '),
    ])
  return table(['Variable', 'Default', 'What it is', 'Read by'], rows)
}

const parts: Record<string, () => string> = {
  scenarios: scenarioTable,
  parameters: parameterTables,
  configuration: configurationTable,
}

/** A README with its generated parts made anew: what stands between `<!-- generated: NAME -->` and `<!-- /generated -->`. */
export async function withGeneratedParts(readme: string): Promise<string> {
  const made = readme.replace(
    /(<!-- generated: (\w+) -->\n)[^]*?(<!-- \/generated -->)/g,
    (_all, open: string, name: string, close: string) => {
      const part = parts[name]
      if (!part) throw new Error(`README.md asks for a part ${name}; there are ${Object.keys(parts).join(', ')}`)
      return `${open}\n${part()}\n\n${close}`
    },
  )
  return format(made, { ...(await resolveConfig(new URL('../README.md', import.meta.url))), parser: 'markdown' })
}
