import { z } from 'zod'
import { plainScalar, readPlainly, type Test } from './plain.ts'

/**
 * Scalars as text carries them, in a query string or the environment. Parsing is strict (whole numbers are decimal digits,
 * others are as JSON writes them; no blank); an empty value counts as absent. Each is a zod schema whose message says what was expected.
 */

/** More text than this is not a number anybody means; it is refused without being read. */
const LONGEST_NUMBER = 32

const blankAsAbsent = (text: unknown) => (text === '' ? undefined : text)

function numeric(pattern: RegExp) {
  return (text: unknown) => {
    if (typeof text !== 'string') return text
    if (text === '') return undefined
    return text.length <= LONGEST_NUMBER && pattern.test(text) ? Number(text) : Number.NaN
  }
}
const wholeNumber = numeric(/^\d+$/)
const decimalNumber = numeric(/^-?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?$/i)

interface Range<Default> {
  min: number
  max: number
  /** Absent: the parameter has no default of its own and may be left out. */
  default?: Default
  description: string
}

type Optional<T, Default> = Default extends undefined ? T | undefined : T
type Scalar<T> = z.ZodType<T, unknown>

function withDefault<T, Default>(
  schema: z.ZodType,
  fallback: Default,
  description: string,
  parse: (text: unknown) => unknown,
  fits?: Test,
) {
  const inner = fallback === undefined ? schema.optional() : schema.default(fallback)
  const whole = z.preprocess(parse, inner.meta({ description })) as unknown as Scalar<Optional<T, Default>>
  return fits ? plainScalar(whole, { parse, fits, fallback }) : whole
}

const within = ({ min, max }: Range<unknown>, value: number) => value >= min && value <= max

/** A whole number in [min, max]. */
export function integer<Default extends number | undefined = undefined>(range: Range<Default>) {
  const error = `a whole number from ${range.min} to ${range.max}`
  const schema = z.int({ error }).min(range.min, { error }).max(range.max, { error })
  const fits = (value: unknown) => Number.isSafeInteger(value) && within(range, value as number)
  return withDefault<number, Default>(schema, range.default as Default, range.description, wholeNumber, fits)
}

/** A decimal number in [min, max]. */
export function number<Default extends number | undefined = undefined>(range: Range<Default>) {
  const error = `a number from ${range.min} to ${range.max}`
  const schema = z.number({ error }).min(range.min, { error }).max(range.max, { error })
  const fits = (value: unknown) => Number.isFinite(value) && within(range, value as number)
  return withDefault<number, Default>(schema, range.default as Default, range.description, decimalNumber, fits)
}

/** One of a few words. */
export function choice<const Word extends string, Default extends Word | undefined = undefined>(
  words: readonly Word[],
  options: { default?: Default; description: string },
) {
  const schema = z.enum(words, { error: `one of ${words.join(', ')}` })
  const fits = (value: unknown) => (words as readonly unknown[]).includes(value)
  return withDefault<Word, Default>(schema, options.default as Default, options.description, blankAsAbsent, fits)
}

/** Yes or no, written `true`, `1`, `false` or `0`. */
export function flag<Default extends boolean | undefined = undefined>(options: {
  default?: Default
  description: string
}) {
  const parse = (text: unknown) =>
    text === '' ? undefined : text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text
  return withDefault<boolean, Default>(
    z.boolean({ error: 'true or false' }),
    options.default as Default,
    options.description,
    parse,
    (value) => typeof value === 'boolean',
  )
}

/** Text that matches `pattern`; `expected` says in words what that is. */
export function text<Default extends string | undefined = undefined>(options: {
  pattern: RegExp
  /** What no pattern can say of a text that fits it. */
  holds?: (text: string) => boolean
  expected: string
  default?: Default
  description: string
}) {
  const { pattern, holds = () => true, expected: error } = options
  const schema = z.string({ error }).regex(pattern, { error }).refine(holds, { error })
  const fits = (value: unknown) => typeof value === 'string' && pattern.test(value) && holds(value)
  return withDefault<string, Default>(schema, options.default as Default, options.description, blankAsAbsent, fits)
}

/** An http or https URL; a trailing slash is dropped. */
export function url<Default extends string | undefined = undefined>(options: {
  default?: Default
  description: string
}) {
  const error = 'an http or https URL'
  const schema = z.url({ protocol: /^https?$/, error })
  const parse = (value: unknown) => (typeof value === 'string' ? blankAsAbsent(value.replace(/\/+$/, '')) : value)
  return withDefault<string, Default>(schema, options.default as Default, options.description, parse)
}

/** One thing that is wrong with an input. */
export interface Fault {
  parameter: string
  /** As it was given, cut to 100 characters; absent where there was none. */
  value?: string
  expected: string
}

/** A value as a message has it: cut to 100 characters. */
export const shown = (value: unknown) => {
  const whole = Array.isArray(value) ? value.join(', ') : String(value)
  return whole.length > 100 ? `${whole.slice(0, 100)}…` : whole
}

/**
 * Parses `input` by `schema` and reports everything that is wrong at once, in the order of the schema.
 * `unknownIs` says what to write about a name that the schema does not have.
 */
export function parseScalars<Schema extends z.ZodObject>(
  schema: Schema,
  input: Record<string, string | string[] | undefined>,
  unknownIs: (name: string) => string,
): { value: z.output<Schema> } | { faults: Fault[] } {
  const plainly = readPlainly(schema, input)
  if (plainly) return { value: plainly }
  const faults: Fault[] = []
  const single: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(input)) {
    if (!Object.hasOwn(schema.shape, name)) {
      faults.push({ parameter: name.slice(0, 100), value: shown(value), expected: unknownIs(name) })
    } else if (Array.isArray(value)) {
      faults.push({ parameter: name, value: shown(value), expected: 'to be given once' })
    } else {
      single[name] = value
    }
  }
  const result = schema.safeParse(single)
  const seen = new Set<string>()
  for (const issue of result.success ? [] : result.error.issues) {
    const parameter = String(issue.path[0])
    // A number that is out of range and not whole fails twice, for one reason to the reader.
    if (seen.has(parameter)) continue
    seen.add(parameter)
    faults.push({ parameter, value: shown(single[parameter]), expected: issue.message })
  }
  return result.success && faults.length === 0 ? { value: result.data } : { faults }
}
