import { z } from 'zod'
import { surelyFits } from './plain.ts'
import { Random } from './random.ts'
import { type Fault, shown } from './scalars.ts'
import { anyTool, recordForm, type Tool, type ToolArguments, type ToolResult, tools } from './tools.ts'

/**
 * The tools that agents have: what each is for, what it takes, what a call of it plausibly asks, and what it answers. An answer
 * is a function of the tool, its arguments, the seed and a version: whoever asks the same hears the same, over HTTP or in
 * virtual time.
 */

/** How an answer may be wrong that comes with a 200. */
export const flaws = ['error', 'empty', 'truncated'] as const
export type Flaw = (typeof flaws)[number]

/** Letters of a call's arguments at most: they travel in a header. */
export const longestArguments = 4096

const toolOf = (name: string): Tool | undefined => (Object.hasOwn(tools, name) ? tools[name] : undefined)

/** As what a tool is asked: for what it is there for, or for its records. */
const formOf = (tool: Tool, given: ToolArguments): Tool =>
  Object.hasOwn(given, 'action') || Object.hasOwn(given, 'id') ? recordForm : tool

/** Every tool there is. */
export const toolboxNames: readonly string[] = Object.keys(tools)

/** What a model is told of a tool; undefined of one that there is not. */
export const descriptionOf = (tool: string): string | undefined => toolOf(tool)?.description

/** The tools as the GenAI conventions write them in `gen_ai.tool.definitions`. */
export const toolDefinitions = (): object[] =>
  Object.entries(tools).map(([name, { description, schema }]) => {
    const forms = [schema, recordForm.schema].map((form) => {
      const { $schema: _, ...parameters } = z.toJSONSchema(form)
      return parameters
    })
    return { type: 'function', name, description, parameters: { type: 'object', anyOf: forms } }
  })

/** What a call of a tool plausibly asks. */
export function argumentsFor(random: Random, tool: string): ToolArguments {
  return (toolOf(tool) ?? anyTool).draw(random)
}

/** Why a call is refused, whoever makes it: it is no JSON, there is no such tool, or its schema does not take these arguments. */
export interface Refusal {
  status: 400 | 404 | 422
  title: string
  faults: Fault[]
}

/**
 * What is wrong with a call of an agent, whose arguments are text of JSON; undefined where it can be answered. `given` is that
 * text, for who has read it.
 */
export function refusalOf(name: string, text: string, given = parseArguments(text)): Refusal | undefined {
  if (given === undefined) return unreadable(text, given)
  const tool = toolOf(name)
  if (!tool) {
    const expected = `one of ${toolboxNames.join(', ')}`
    return { status: 404, title: 'No such tool', faults: [fault('tool_name', name, expected)] }
  }
  const { schema } = formOf(tool, given)
  if (surelyFits(schema, given)) return undefined
  const { success, error } = schema.safeParse(given)
  if (success) return undefined
  const faults = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => fault(key, given[key], `one of ${Object.keys(schema.shape).join(', ')}`))
      : fault(issue.path.join('.'), at(given, issue.path), issue.message),
  )
  return { status: 422, title: 'Arguments refused', faults }
}

export const argumentsExpected = `a JSON object of at most ${longestArguments} characters`

/** What is wrong with arguments that nobody can read; undefined where somebody can, or there are none. */
export function unreadable(text: string | undefined, given = readArguments(text)): Refusal | undefined {
  if (text === undefined || given) return undefined
  return { status: 400, title: 'Bad arguments', faults: [fault('arguments', text, argumentsExpected)] }
}

/** Arguments as text has them, none where it is empty; undefined for what is no JSON object, or too long to be one. */
export function parseArguments(text: string): ToolArguments | undefined {
  if (text.length > longestArguments) return undefined
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The same of a call that may have none. */
export const readArguments = (text: string | undefined) => (text === undefined ? undefined : parseArguments(text))

const isObject = (value: unknown): value is ToolArguments =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is missing has no value to show. */
const fault = (parameter: string, value: unknown, expected: string): Fault => ({
  parameter: parameter.slice(0, 100),
  ...(value !== undefined && { value: shown(typeof value === 'string' ? value : JSON.stringify(value)) }),
  expected,
})

const at = (given: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    given,
  )

/** On what an answer depends beside tool and arguments. */
interface AnswerOptions {
  seed?: string | undefined
  /** Another version, another answer to the same question: something has changed since. */
  version?: number | undefined
  flaw?: Flaw | undefined
}

/** So many entries has a page whose size nobody says. */
const usualPage = 5

/**
 * What a tool answers: its entries, how many of how many (`count`, `total`), and the `cursor` of the next page, null on the last.
 * Arguments that its schema does not take are answered as if something else had been asked.
 */
export function resultFor(
  name: string,
  given: ToolArguments,
  { seed = '', version = 0, flaw }: AnswerOptions,
): ToolResult {
  if (flaw === 'error') return { error: { code: 'backend_unavailable', message: `${name} could not read its data` } }
  const known = toolOf(name)
  const tool = known ? formOf(known, given) : anyTool
  const { limit, cursor, ...asked } = given
  const random = new Random(`${seed} answer ${name} ${version} ${canonical(asked)}`)
  const isTaken = surelyFits(tool.schema, given) || tool.schema.safeParse(given).success
  const taken = isTaken ? given : tool.draw(random.fork('arguments'))
  const total = tool.total(random.fork('total'), taken)
  // What has no pages takes no limit of a page either.
  const size = 'cursor' in tool.schema.shape ? (numberOf(limit) ?? usualPage) : total
  const from = Math.min(numberOf(cursor) ?? 0, total)
  const to = Math.min(total, from + size)
  const say = (to: number, total: number, next: number | null) => ({
    ...tool.say({ from, to, random, given: taken }),
    count: to - from,
    total,
    cursor: next === null ? null : `${next}`,
  })
  if (flaw === 'empty') return say(from, 0, null)
  // Less than there is, and no word of where the rest is.
  if (flaw === 'truncated') return say(from + Math.floor((to - from) / 2), Math.max(2, total), null)
  return say(to, total, to < total ? to : null)
}

/** A call whose arguments are text of JSON; `given` is that text, for who has read it. */
interface AskedOptions extends AnswerOptions {
  text: string | undefined
  given?: ToolArguments | undefined
  key?: string | undefined
}

/** What such a call is answered; one without arguments is answered as if it had asked something plausible. */
export function answerTo(name: string, asked: AskedOptions): ToolResult {
  const { text, given = readArguments(text), key = '' } = asked
  const drawn = () => argumentsFor(new Random(`${asked.seed ?? ''} arguments ${key}`), name)
  return resultFor(name, given ?? drawn(), asked)
}

/** A whole number from 0 on, written as one or as text. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^[0-9]{1,4}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 1e4 ? number : undefined
}

/** The same for the same members in another order. */
const canonical = (given: ToolArguments) =>
  JSON.stringify(Object.entries(given).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
