import { plainly, plainOf } from '../../model/value.ts'

const longest = 2000

/** A value as text; long ones are cut, and say how long they are. */
export function valueText(sent: unknown): string {
  const value = plainOf(sent)
  if (value === null || value === undefined) return 'nothing'
  const text = typeof value === 'string' ? value : isGroup(value) ? pairs(value) : JSON.stringify(plainly(value))
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const pairs = (value: Record<string, unknown>) =>
  Object.entries(value)
    .map(([name, inner]) => `${name}: ${valueText(inner)}`)
    .join(', ')
