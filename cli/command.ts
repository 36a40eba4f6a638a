import { parseArgs, stripVTControlCharacters } from 'node:util'
import { type ArgsDef, parseArgs as parseValues, type ParsedArgs, renderUsage } from 'citty'
import { foldFor } from './fold.ts'
import { urlWithoutCredentials } from 'service-kit/redact'
import { ServiceError } from './http.ts'

/** A program of the command line, its options as one literal: what is parsed, typed, refused and helped with follows from it. */
export interface Command<T extends ArgsDef> {
  /** How it is called, up to its options. */
  name: string
  /** What it does, in a sentence. */
  description: string
  args: T
  /** The option that may be given more than once, and with several values after it. */
  list?: string
  /** What else the help says. */
  notes?: string
  /** Resolves to the exit code. `listed`: the values of `list`. Throws a UsageError for a value that is none. */
  run: (args: ParsedArgs<T>, listed: string[]) => number | Promise<number>
}

/** Gives a literal the types of its own options. */
export const defineCommand = <const T extends ArgsDef>(command: Command<T>): Command<T> => command

/** The command line is not one of ours; the message names the option, the value and what was expected. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export const howToStart = 'npm start starts everything, docker-compose up --build --detach does so in containers.'

/**
 * Runs a command. Sets the exit code: what it resolves to; 2 when it was asked wrongly, which is told with the usage; 1 when
 * a service did not answer.
 */
export async function runCommand<T extends ArgsDef>(
  command: Command<T>,
  rawArgs = process.argv.slice(2),
): Promise<void> {
  try {
    const { isHelp, listed } = readWords(command, rawArgs)
    if (isHelp) console.log(foldFor(process.stdout, await usage(command)))
    else process.exitCode = await command.run(parseValues<T>(rawArgs, command.args), listed)
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ServiceError)) throw error
    const isAskedWrongly = error instanceof UsageError
    const then = isAskedWrongly ? `\n\n${await usage(command)}` : `. ${howToStart}`
    console.error(foldFor(process.stderr, error.message + then))
    process.exitCode = isAskedWrongly ? 2 : 1
  }
}

const help = { help: { type: 'boolean', alias: 'h', description: 'this text' } } satisfies ArgsDef

async function usage<T extends ArgsDef>({ name, description, args, notes }: Command<T>): Promise<string> {
  const rendered = await renderUsage({ meta: { name, description }, args: { ...args, ...help } })
  // Plain text, for lines are broken by their length.
  const plain = stripVTControlCharacters(rendered).replaceAll(/ +$/gm, '').trimEnd()
  return notes === undefined ? plain : `${plain}\n\n${notes}`
}

/** citty takes whatever it is given; what the command has not is told here. */
function readWords<T extends ArgsDef>({ args, list }: Command<T>, rawArgs: string[]) {
  const known: ArgsDef = { ...args, ...help }
  const places = Object.entries(args).filter(([, { type }]) => type === 'positional')
  const options = Object.fromEntries(
    Object.entries(known)
      .filter(([, { type }]) => type !== 'positional')
      .map(([name, { type }]) => [
        name,
        {
          type: type === 'boolean' ? ('boolean' as const) : ('string' as const),
          ...(name === 'help' && { short: 'h' }),
        },
      ]),
  )
  const { tokens } = parseArgs({ args: rawArgs, options, strict: false, allowPositionals: true, tokens: true })
  const listed: string[] = []
  let placed = 0
  let isHelp = false
  for (const token of tokens) {
    if (token.kind === 'option') {
      const { name, rawName, value } = token
      const definition = Object.hasOwn(options, name) ? known[name] : undefined
      if (!definition)
        throw new UsageError(
          `${rawName}: expected one of ${Object.keys(options)
            .map((word) => `--${word}`)
            .join(', ')}`,
        )
      if (definition.type === 'boolean' && value !== undefined)
        throw new UsageError(`${rawName} ${value}: expected no value`)
      if (definition.type !== 'boolean' && !value)
        throw new UsageError(`${rawName}: expected ${definition.valueHint} after it`)
      if (name === 'help') isHelp = true
      if (name === list) listed.push(value as string)
    } else if (token.kind === 'positional') {
      // Values may follow the option without repeating it.
      if (listed.length > 0) listed.push(token.value)
      else if (placed < places.length) placed++
      else throw new UsageError(`${token.value}: expected ${list === undefined ? 'an option' : `--${list} before it`}`)
    }
  }
  const [missing] = places[placed] ?? []
  if (missing !== undefined && !isHelp) throw new UsageError(`${missing.toUpperCase()} is missing`)
  return { isHelp, listed }
}

/** The value of an option that is an http or https URL, without a slash at its end. */
export function readUrl(option: string, value: string): string {
  if (URL.canParse(value) && /^https?:/.test(value)) return value.replace(/\/+$/, '')
  throw new UsageError(`${option} ${urlWithoutCredentials(value)}: expected an http or https URL`)
}

/** The value of an option that is a whole number in [min, max]. */
export function readWhole(option: string, value: string, min: number, max: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`${option} ${value}: expected a whole number from ${min} to ${max}`)
}
