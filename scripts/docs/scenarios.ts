import { Catalog, pathOf } from 'engine/catalog'
import { commonParams } from 'engine/scenario'
import { scenarios } from 'engine/scenarios/index'
import { z } from 'zod'
import { code, type Property, propertiesOf, table } from './markdown.ts'

export const defaults = { delayMs: 80, errorRate: 0 }
export const catalog = new Catalog(scenarios, defaults)

export function scenarioTable(listed = scenarios): string {
  return table(
    ['Scenario', 'What happens', 'Symptom', 'Why APMs miss it', 'What the trace reveals'],
    listed.map((scenario) => [
      code(pathOf(scenario)),
      scenario.description,
      scenario.symptom,
      scenario.missed,
      scenario.reveals,
    ]),
  )
}

const rangeOf = ({ enum: words, minimum, maximum }: Property) =>
  words ? words.join(', ') : minimum !== undefined ? `${minimum} to ${maximum}` : ''

const head = ['Parameter', 'Range', 'Default', 'What it is']
const row = (name: string, property: Property, preset = code(property.default)) => [
  code(name),
  rangeOf(property),
  preset,
  property.description ?? '',
]

export function parameterTable(schema: z.ZodObject): string {
  return table(
    head,
    propertiesOf(schema).map(([name, property]) => row(name, property)),
  )
}

export function parameterTables(of = catalog): string {
  const own = of.offers.map((offer) => {
    const { scenario, schema } = offer
    const fallback = of.defaultsOf(offer)
    const rows = propertiesOf(schema)
      .filter(([name]) => Object.hasOwn(scenario.params, name))
      .map(([name, property]) => row(name, property, scenario.derived[name]?.text ?? code(fallback[name])))
    const spans = `Spans: ${scenario.spans.agent_app} in agent-app, ${scenario.spans.tool_service} in tool-service.`
    const without = scenario.without ? ` Takes no ${scenario.without.map(code).join(', ')}.` : ''
    return `### ${scenario.name}\n\n${table(head, rows)}\n\n${spans}${without}`
  })
  return `### All scenarios\n\n${parameterTable(z.object(commonParams(defaults)))}\n\n${own.join('\n\n')}`
}
