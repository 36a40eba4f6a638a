import { contentFacts, eventSchema, factsSchema } from 'contract/facts'
import { table as genAi } from 'dialects/gen-ai/dialect'
import { ati, http } from 'dialects/gen-ai/names'
import type { Line } from 'dialects/line'
import { z } from 'zod'
import { code, type Property, table } from './markdown.ts'

/** Facts or events by what tells them apart, with what their schema says of each property. */
function propertiesBy(tag: 'operation' | 'name', schema: z.ZodType): Map<string, Record<string, TypedProperty>> {
  const { oneOf } = z.toJSONSchema(schema) as { oneOf: { properties: Record<string, TypedProperty> }[] }
  return new Map(oneOf.map(({ properties }) => [String(properties[tag]?.const), properties]))
}
type TypedProperty = Property & { type?: string; const?: string }

/** Those that are as they were asked for, whole or not: the SDK writes a whole number as an integer. */
const ofEitherType: ReadonlySet<string> = new Set([ati.toolErrorRate, ati.humanDelayS])

/** The type of an attribute on the wire. */
function typeOf(name: string, { fact, always, write }: Line, { type = '' }: TypedProperty): string {
  if (fact === undefined) return typeof always
  if (contentFacts.has(fact)) return 'string'
  if (type !== 'number' && type !== 'integer') return Array.isArray(write?.('')) ? 'string[]' : type
  if (ofEitherType.has(name)) return 'int or double'
  return Number.isInteger(write?.(1) ?? 1) ? 'int' : 'double'
}

interface Row {
  types: Set<string>
  on: string[]
  meanings: Set<string>
}

function noteLines(
  rows: Map<string, Row>,
  on: string,
  lines: Readonly<Record<string, Line>>,
  properties: Record<string, TypedProperty>,
): void {
  for (const [name, line] of Object.entries(lines)) {
    const property = properties[line.fact ?? ''] ?? {}
    const row = rows.get(name) ?? { types: new Set(), on: [], meanings: new Set() }
    rows.set(name, row)
    row.types.add(typeOf(name, line, property))
    row.on.push(on)
    row.meanings.add(line.fact === undefined ? code(JSON.stringify(line.always)) : meaningOf(line.fact, property))
  }
}

const meaningOf = (fact: string, { description = '' }: Property) =>
  contentFacts.has(fact) ? description.replace(/: in the ledger .*/, ' (content)') : description

function attributeTable(rows: Map<string, Row>, on: string): string {
  return table(
    ['Attribute', 'Type', on, 'What it is'],
    [...rows].map(([name, row]) => [
      code(name),
      [...row.types].join(', '),
      row.on.map(code).join(', '),
      [...row.meanings].join('; '),
    ]),
  )
}

/** What stands for a fact in a span's name. */
const placeholders = new Proxy({}, { get: (_target, fact) => `{${String(fact)}}` })

/** What every span is called and what it carries, as the dialect's table has it. */
export function attributeTables(): string {
  const facts = propertiesBy('operation', factsSchema)
  const rows = new Map<string, Row>()
  const spans = Object.entries(genAi.operations).map(([operation, writing]) => {
    const properties = facts.get(operation) ?? {}
    noteLines(rows, operation, writing.opening, properties)
    if ('learned' in writing) noteLines(rows, operation, writing.learned, properties)
    // Each takes the facts of its own operation, of which a placeholder has all.
    const name = (writing.name as (facts: object) => string)(placeholders)
    return [code(operation), code(name), writing.kind.toUpperCase()]
  })
  const events = new Map<string, Row>()
  const known = propertiesBy('name', eventSchema)
  for (const [event, lines] of Object.entries(genAi.events)) noteLines(events, event, lines, known.get(event) ?? {})
  const bare = Object.keys(genAi.events).filter((event) => ![...events.values()].some(({ on }) => on.includes(event)))
  const ofClients: readonly string[] = [http.urlFull, http.resendCount]
  const ofServers = Object.values(http).filter(
    (name) => !ofClients.includes(name) && !rows.get(name)?.on.includes('http_server'),
  )
  return [
    '### Spans',
    table(['Step', 'Span name', 'Kind'], spans),
    '### Attributes',
    attributeTable(rows, 'On'),
    `SERVER spans also carry ${ofServers.map(code).join(', ')}, as the HTTP conventions have them.`,
    '### Events',
    attributeTable(events, 'On the event'),
    `Without attributes: ${bare.map(code).join(', ')}.`,
  ].join('\n\n')
}
