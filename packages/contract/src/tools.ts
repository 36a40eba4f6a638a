import { z } from 'zod'
import { plain } from './plain.ts'
import type { Random } from './random.ts'

/** What the tools are: toolbox.ts has what is done with them. */

export type ToolArguments = Readonly<Record<string, unknown>>
export type ToolResult = Readonly<Record<string, unknown>>

export interface Tool<Given extends ToolArguments = ToolArguments> {
  description: string
  schema: z.ZodType<Given> & z.ZodObject
  /** What a call plausibly asks; it fits the schema. */
  draw: (random: Random) => Given
  /** How much there is to answer. */
  total: (random: Random, given: Given) => number
  /** The part of that from … to. */
  say: (part: { from: number; to: number; random: Random; given: Given }) => ToolResult
}

/** Declares a tool: that its parts go together is seen here, the toolbox holds tools of any arguments. */
const defineTool = <Given extends ToolArguments>(tool: Tool<Given>) => tool as unknown as Tool

// ── what tools take ─────────────────────────────────────────────────────────────────────────────────────────────────

const isWords = (value: unknown) => typeof value === 'string' && value.length >= 1 && value.length <= 200
const words = (description: string) => {
  const error = 'text of 1 to 200 characters'
  return plain(z.string({ error }).min(1, { error }).max(200, { error }).meta({ description }), isWords)
}
const oneOf = <const Word extends string>(values: readonly Word[], description: string) => {
  const schema = z.enum(values, { error: `one of ${values.join(', ')}` }).meta({ description })
  return plain(schema, (value) => (values as readonly unknown[]).includes(value))
}
const whole = (least: number, most: number, description: string) => {
  const error = `a whole number from ${least} to ${most}`
  const schema = z.int({ error }).min(least, { error }).max(most, { error }).meta({ description })
  return plain(schema, (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most)
}
/** Of holes as well, which `every` passes over. */
const isEach = (values: readonly unknown[], is: (value: unknown) => boolean) =>
  values.findIndex((value) => !is(value)) < 0
const list = (of: ReturnType<typeof words>, description: string) =>
  plain(z.array(of).meta({ description }), (value) => Array.isArray(value) && isEach(value, isWords))
const isBoolean = (value: unknown) => typeof value === 'boolean'
const matches = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value)
const date = (description: string) =>
  plain(z.iso.date({ error: 'a date, such as 2026-11-26' }).meta({ description }), matches(z.regexes.date))
const cursor = /^[0-9]{1,4}$/
const pages = {
  limit: whole(1, 50, 'Entries of a page at most; 5 unless given').optional(),
  cursor: plain(
    z
      .string({ error: 'the cursor of an answer' })
      .regex(cursor, { error: 'the cursor of an answer' })
      .meta({ description: 'Where the page begins, as the answer before it says' }),
    matches(cursor),
  ).optional(),
}

// ── what they are asked, and answer ─────────────────────────────────────────────────────────────────────────────────

const subjects = [
  'refund policy',
  'delivery times',
  'invoice dispute',
  'account access',
  'contract terms',
  'price list',
]
const regions = ['in Europe', 'for 2026', 'of new customers', 'after a return', 'by region', 'for partners']
const people = ['ana', 'bo', 'chen', 'dina', 'emre', 'fay', 'goran', 'hana']
const states = ['open', 'paid', 'shipped', 'closed'] as const
const tables = ['orders', 'customers', 'invoices', 'tickets'] as const
const folders = ['inbox', 'sent', 'archive'] as const
const sums = ['sum', 'mean', 'min', 'max'] as const
const methods = ['merge', 'rank', 'vote'] as const
const pageSizes = [3, 5, 8] as const

const question = (random: Random) => `${random.pick(subjects)} ${random.pick(regions)}`
const mailOf = (random: Random) => `${random.pick(people)}@example.com`
const days = Array.from({ length: 366 }, (_, from) => new Date(Date.UTC(2026, 0, 1 + from)).toISOString().slice(0, 10))
const day = (from: number) => days[from] as string
const cents = (random: Random) => random.integer(100, 500_000) / 100

/** Answers a list of entries, page by page; every entry is drawn by its place. */
function listing(name: string, entry: (random: Random, index: number) => unknown, more: ToolResult = {}) {
  return {
    total: (random: Random) => random.integer(1, 12),
    say: ({ from, to, random }: { from: number; to: number; random: Random }) => {
      const entries: unknown[] = []
      for (let index = from; index < to; index++) entries.push(entry(random.fork(`${index}`), index))
      return { ...more, [name]: entries }
    },
  }
}

/** In answers that went well: who looks for an error finds the word, and no error. */
const noError = { error: null }

export const tools: Readonly<Record<string, Tool>> = {
  search: defineTool({
    description: 'Searches the web',
    schema: z.strictObject({ query: words('What to look for'), ...pages }),
    draw: (random) => ({ query: question(random), limit: random.pick(pageSizes) }),
    ...listing(
      'results',
      (random, index) => ({
        id: random.identifier('id', 8),
        title: question(random),
        score: Math.round(1e4 * (0.95 - 0.06 * index - 0.03 * random.float())) / 1e4,
      }),
      noError,
    ),
  }),
  database: defineTool({
    description: 'Queries the records',
    schema: z.strictObject({
      table: oneOf(tables, 'Which records'),
      status: oneOf(states, 'Only those in this state').optional(),
      since: date('Only those from this day on').optional(),
      ...pages,
    }),
    draw: (random) => ({
      table: random.pick(tables),
      status: random.pick(states),
      since: day(random.integer(0, 300)),
      limit: random.pick(pageSizes),
    }),
    ...listing(
      'rows',
      (random) => ({ id: random.integer(1000, 9999), customer: random.pick(people), amount: cents(random) }),
      noError,
    ),
  }),
  calculator: defineTool({
    description: 'Evaluates an expression',
    schema: z.strictObject({
      operation: oneOf(sums, 'What to work out'),
      values: plain(
        z
          .array(z.number({ error: 'a number' }), { error: '1 to 100 numbers' })
          .min(1, { error: '1 to 100 numbers' })
          .max(100, { error: '1 to 100 numbers' })
          .meta({ description: 'Of what' }),
        (value) => Array.isArray(value) && value.length >= 1 && value.length <= 100 && isEach(value, Number.isFinite),
      ),
    }),
    draw: (random) => ({
      operation: random.pick(sums),
      values: Array.from({ length: random.integer(2, 6) }, () => cents(random)),
    }),
    total: (_random, { values }) => values.length,
    say: ({ from, to, given: { operation, values } }) => ({ value: workOut[operation](values.slice(from, to)) }),
  }),
  calendar: defineTool({
    description: 'Looks up and books dates',
    schema: z.strictObject({ from: date('The first day'), to: date('The last day'), ...pages }),
    draw: (random) => {
      const from = random.integer(0, 330)
      return { from: day(from), to: day(from + random.integer(1, 30)), limit: random.pick(pageSizes) }
    },
    ...listing('events', (random, index) => ({
      id: random.identifier('id', 8),
      title: `${random.pick(subjects)} with ${random.pick(people)}`,
      hour: 8 + (index % 10),
      minutes: 15 * random.integer(1, 6),
    })),
  }),
  mail: defineTool({
    description: 'Reads and sends mail',
    schema: z.strictObject({
      folder: oneOf(folders, 'Where to look'),
      query: words('What to look for'),
      ...pages,
    }),
    draw: (random) => ({ folder: random.pick(folders), query: random.pick(subjects), limit: random.pick(pageSizes) }),
    ...listing(
      'messages',
      (random) => ({ id: random.identifier('id', 8), from: mailOf(random), subject: question(random) }),
      noError,
    ),
  }),
  knowledge_base: defineTool({
    description: 'Finds documents',
    schema: z.strictObject({ query: words('What they are to be about'), limit: whole(1, 1000, 'How many') }),
    draw: (random) => ({ query: question(random), limit: random.integer(3, 8) }),
    total: (_random, { limit }) => limit,
    say: ({ from, to, random }) => {
      const documents = Array.from({ length: to - from }, (_, index) => ({
        id: `doc-${from + index}`,
        score: Math.round(random.float() * 1e4) / 1e4,
      }))
      return { documents: documents.toSorted((a, b) => b.score - a.score) }
    },
  }),
  aggregate: defineTool({
    description: 'Puts partial results together',
    schema: z.strictObject({ method: oneOf(methods, 'How'), parts: whole(1, 10_000, 'How many') }),
    draw: (random) => ({ method: random.pick(methods), parts: random.integer(2, 20) }),
    total: (_random, { parts }) => parts,
    say: ({ random, given: { method } }) => ({ method, summary: question(random) }),
  }),
}

/** What any of the tools takes as well: records that it keeps are read or written. */
export const recordForm = defineTool({
  description: 'Reads and writes records',
  schema: z.strictObject({
    action: oneOf(['read', 'write', 'create'], 'What to do with the records'),
    id: words('Of which record').optional(),
    query: words('By which words they are found').optional(),
    amount: whole(0, 1e9, 'What it is worth').optional(),
    depth: whole(1, 1000, 'How far what belongs to it is followed').optional(),
    optional: plain(z.boolean().meta({ description: 'Nobody needs the answer' }), isBoolean).optional(),
    after_s: whole(0, 86_400, 'How long it is to wait before it is done, or done again, s').optional(),
    given: list(words('The version of an answer'), 'What this builds on').optional(),
    field: words('Of the record, this alone').optional(),
    fields: list(words('A part of it'), 'Of the record, these alone').optional(),
    since: date('Only what is from this day on').optional(),
    filter: words('Only what is in this state').optional(),
    nonce: words('Tells this request from others').optional(),
    ...pages,
  }),
  draw: (random) => ({ action: 'read' as const, id: random.identifier('id', 12) }),
  total: (random, { id }) => (id === undefined ? random.integer(1, 12) : 1),
  say: ({ random }) => ({ version: random.identifier('version', 12) }),
})

/** By whatever other name somebody calls one: it takes anything. */
export const anyTool = defineTool({
  description: 'Whatever it is called',
  schema: z.looseObject({}),
  draw: () => ({}),
  ...listing('results', (random) => ({ id: random.identifier('id', 8) })),
})

/** Without a number there is nothing to work out. */
const workOut: Readonly<Record<(typeof sums)[number], (values: readonly number[]) => number | null>> = {
  sum: (values) => inCents(values.reduce((sum, value) => sum + value, 0)),
  mean: (values) => (values.length > 0 ? inCents(values.reduce((sum, value) => sum + value, 0) / values.length) : null),
  min: (values) => (values.length > 0 ? Math.min(...values) : null),
  max: (values) => (values.length > 0 ? Math.max(...values) : null),
}
/** A sum of numbers that JSON can carry may be none. */
const inCents = (value: number) => (Number.isFinite(value) ? Math.round(value * 100) / 100 : null)
