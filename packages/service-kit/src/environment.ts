import type { z } from 'zod'
import { parseScalars } from 'contract/scalars'
import { urlWithoutCredentials, withoutCredentials } from './redact.ts'

/** The environment says something that this service cannot work with; the message lists every bad variable. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError'
}

/** Variables whose values may be secret as a whole. */
const secret = /_HEADERS$|_SECRET$|_TOKEN$|^OTEL_RESOURCE_ATTRIBUTES$/

/** What is a URL but for its beginning has the same secrets in it. */
const shownOf = (value: string, expected: string) =>
  (expected.includes('URL') ? urlWithoutCredentials : withoutCredentials)(value)

/**
 * Reads the variables that `schema` names, once, into a frozen object; all others are ignored, and so are blanks. An empty
 * variable counts as unset.
 * Throws an EnvironmentError that lists every bad variable.
 */
export function readEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): Readonly<z.output<Schema>> {
  const named = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, environment[name]?.trim() || undefined]),
  )
  const parsed = parseScalars(schema, named, () => '')
  if ('value' in parsed) return Object.freeze(parsed.value)
  const lines = parsed.faults.map(({ parameter, value = '', expected }) => {
    const shown = secret.test(parameter) ? '' : `=${shownOf(value, expected)}`
    return `  ${parameter}${shown}: expected ${expected}`
  })
  throw new EnvironmentError(
    `The environment has ${lines.length === 1 ? 'a bad variable' : `${lines.length} bad variables`}:\n${lines.join('\n')}`,
  )
}
