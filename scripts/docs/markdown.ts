import { z } from 'zod'

/** A table in Markdown; what would break a cell is escaped. */
export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export const code = (text: string | number | boolean | undefined) =>
  text === undefined || text === '' ? '' : `\`${text}\``

/** What of a property's JSON Schema documents say. */
export type Property = {
  description?: string
  default?: string | number | boolean
  minimum?: number
  maximum?: number
  enum?: string[]
  items?: { enum?: string[] }
}

export function propertiesOf(schema: z.ZodObject): [string, Property][] {
  const { properties } = z.toJSONSchema(schema, { io: 'input' }) as { properties: Record<string, Property> }
  return Object.entries(properties)
}
