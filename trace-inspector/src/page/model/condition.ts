import { plainOf } from './value.ts'

/** A comparison as it is typed: `gen_ai.tool.name=search`, `ati.tool.delay_ms>100`. */
export interface Condition {
  key: string
  sign: Sign
  value: string
}
type Sign = '=' | '!=' | '<' | '>' | '<=' | '>='

/** undefined for text that is no comparison. Blanks within a value are kept by quotes. */
export function parseCondition(text: string): Condition | undefined {
  const [, key, sign, value] = /^([^\s=!<>"]+)(!=|<=|>=|=|<|>)(.*)$/.exec(text) ?? []
  if (key === undefined || value === undefined) return undefined
  return { key, sign: sign as Sign, value: value.replace(/^"(.*?)"?$/, '$1') }
}

/**
 * Whether a value is as the condition says: texts alike but for case, numbers by size, of a list any member. No value at
 * all is like nothing; `key=` asks for any.
 */
export function holds({ sign, value }: Condition, actual: unknown): boolean {
  if (actual === undefined) return false
  if (Array.isArray(actual)) return actual.some((each) => holds({ key: '', sign, value }, each))
  const plain = plainOf(actual)
  switch (sign) {
    case '=':
      return value === '' || isSame(value, plain)
    case '!=':
      return !isSame(value, plain)
    default:
      return compares(sign, numberIn(plain), numberIn(value))
  }
}

/** Whether two numbers are to each other as the sign says; never where one of them is none. */
export function compares(sign: Sign, a: number, b: number): boolean {
  switch (sign) {
    case '=':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '>':
      return a > b
    case '<=':
      return a <= b
    case '>=':
      return a >= b
  }
}

/** Whole numbers that doubles cannot tell apart are told apart as text. */
function isSame(value: string, actual: unknown): boolean {
  const isPlain = typeof actual === 'string' || typeof actual === 'number'
  const text = isPlain ? String(actual) : JSON.stringify(actual)
  if (text.toLowerCase() === value.toLowerCase()) return true
  return typeof actual === 'number' && Number.isSafeInteger(Math.trunc(actual)) && numberIn(value) === actual
}

const numberIn = (value: unknown) =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN

const unitMs: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000 }

/** A duration as it is typed, in ms, which is its unit where it has none; NaN for text that is none. */
export function parseDuration(text: string): number {
  const [, number, unit = 'ms'] = /^(\d+(?:\.\d+)?)(us|µs|ms|s|min|h)?$/i.exec(text) ?? []
  return Number(number) * (unitMs[unit.toLowerCase()] as number)
}
