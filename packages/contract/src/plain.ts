import { z } from 'zod'

/**
 * What zod says of a value that is well, said by plain code: tools ask it of every call, and zod takes several times as long to
 * find nothing wrong. Plain code never says yes where zod says no. Where it does not say yes, zod decides, and says what is wrong.
 */

export type Test = (value: unknown) => boolean

/** How a scalar is read from text. */
interface Reading {
  /** undefined of what counts as absent. */
  parse: (text: unknown) => unknown
  fits: Test
  /** Of one that is absent. */
  fallback: unknown
}

const tests = new WeakMap<z.ZodType, Test>()
const readings = new WeakMap<z.ZodType, Reading>()

/** Says beside a schema what it takes: `test` is true of nothing else. */
export function plain<Schema extends z.ZodType>(schema: Schema, test: Test): Schema {
  tests.set(schema, test)
  return schema
}

/** Says beside the schema of a scalar how it is read. */
export function plainScalar<Schema extends z.ZodType>(schema: Schema, reading: Reading): Schema {
  readings.set(schema, reading)
  return schema
}

/** The members of an object by what is known of each, once a schema; null where that is not all that zod asks. */
function membersBy<Known>(knownOf: (schema: z.ZodType) => Known | undefined) {
  const kept = new WeakMap<z.ZodObject, ReadonlyMap<string, Known> | null>()
  return (schema: z.ZodObject) => {
    let members = kept.get(schema)
    if (members !== undefined) return members
    const known = Object.entries(schema.shape).map(([name, member]) => [name, knownOf(member as z.ZodType)] as const)
    const isAll = !schema.def.checks?.length && known.every(([, one]) => one !== undefined)
    members = isAll ? new Map(known as [string, Known][]) : null
    kept.set(schema, members)
    return members
  }
}

const testsOf = membersBy((schema) => {
  if (!(schema instanceof z.ZodOptional)) return tests.get(schema)
  const test = tests.get(schema.unwrap() as z.ZodType)
  return test && ((value: unknown) => value === undefined || test(value))
})
const readingsOf = membersBy((schema) => readings.get(schema))

const own = (given: Readonly<Record<string, unknown>>, name: string) =>
  Object.hasOwn(given, name) ? given[name] : undefined

/** Whether `given` surely fits: each member does, and there is no other. */
export function surelyFits(schema: z.ZodObject, given: Readonly<Record<string, unknown>>): boolean {
  const members = testsOf(schema)
  if (!members) return false
  let known = 0
  for (const [name, fits] of members) {
    const value = own(given, name)
    if (!fits(value)) return false
    if (value !== undefined) known++
  }
  return Object.keys(given).length === known
}

/** What scalars say where all of them are surely well; undefined otherwise. */
export function readPlainly<Schema extends z.ZodObject>(
  schema: Schema,
  input: Readonly<Record<string, unknown>>,
): z.output<Schema> | undefined {
  const members = readingsOf(schema)
  if (!members) return undefined
  if (!Object.keys(input).every((name) => members.has(name))) return undefined
  const values: Record<string, unknown> = {}
  for (const [name, { parse, fits, fallback }] of members) {
    const text = own(input, name)
    if (text !== undefined && typeof text !== 'string') return undefined
    const value = parse(text)
    if (value !== undefined && !fits(value)) return undefined
    const meant = value === undefined ? fallback : value
    if (meant !== undefined || Object.hasOwn(input, name)) values[name] = meant
  }
  // As zod would have made it, member by member.
  return values as z.output<Schema>
}
