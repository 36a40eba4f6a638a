import { agentOf, type Columns, flag, has, nameOf, serviceOf } from './columns.ts'
import { compares, type Condition, holds, parseCondition, parseDuration } from './condition.ts'

/** `is:error`, `is:lost` and so on. */
const words: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(flag).map(([name, bit]) => [`is:${name}`, bit]),
)

/** Fields that the columns have; all others are asked of who has the spans. */
const fields: Readonly<Record<string, (columns: Columns, span: number) => string>> = {
  name: nameOf,
  service: serviceOf,
  agent: agentOf,
  id: ({ id }, span) => id[span] as string,
}

/** What was typed, word by word; quotes keep blanks together. */
export const termsOf = (query: string): string[] => query.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []

/** The comparisons of a query that the columns cannot answer: attributes, and what else a span has. */
export const questionsIn = (query: string): string[] =>
  termsOf(query).filter((term) => {
    const condition = parseCondition(term)
    return condition !== undefined && !isKnown(condition)
  })

const isKnown = ({ key, sign, value }: Condition) =>
  Object.hasOwn(fields, key) || key === 'duration' || (key === 'status' && sign === '=' && value === 'error')

/**
 * Spans for which every word of the query holds, in the order in which they are stored. A word is part of a name, agent or
 * service, or the beginning of an id; `is:error`, `is:lost`, `is:not_ended` … are what is said of a span;
 * `>500ms` and `<1.5s` its duration; `status=error`, `service=…`, `gen_ai.tool.name=search` a field or an attribute.
 * `answers` has the spans for each of `questionsIn`.
 */
export function search(
  columns: Columns,
  query: string,
  answers: ReadonlyMap<string, ReadonlySet<string>> = new Map(),
): number[] {
  const tests = termsOf(query).map((term) => testOf(columns, term, answers))
  if (tests.length === 0) return []
  const found: number[] = []
  for (let span = 0; span < columns.id.length; span++) if (tests.every((test) => test(span))) found.push(span)
  return found
}

type Test = (span: number) => boolean

function testOf(columns: Columns, typed: string, answers: ReadonlyMap<string, ReadonlySet<string>>): Test {
  const term = typed.toLowerCase()
  const bit = Object.hasOwn(words, term) ? words[term] : undefined
  if (bit !== undefined) return (span) => has(columns, span, bit)
  const condition = parseCondition(/^[<>]/.test(term) ? `duration${term}` : typed)
  if (condition) return conditionTest(columns, typed, condition, answers)
  const text = term.replaceAll('"', '')
  return (span) =>
    nameOf(columns, span).toLowerCase().includes(text) ||
    agentOf(columns, span).toLowerCase().includes(text) ||
    serviceOf(columns, span).toLowerCase().includes(text) ||
    (columns.id[span] as string).startsWith(text)
}

function conditionTest(
  columns: Columns,
  typed: string,
  condition: Condition,
  answers: ReadonlyMap<string, ReadonlySet<string>>,
): Test {
  if (!isKnown(condition)) return (span) => answers.get(typed)?.has(columns.id[span] as string) ?? false
  if (condition.key === 'status') return (span) => has(columns, span, flag.error)
  if (condition.key === 'duration') {
    const limit = parseDuration(condition.value)
    return (span) => compares(condition.sign, columns.duration[span] as number, limit)
  }
  const field = fields[condition.key] as (columns: Columns, span: number) => string
  return (span) => holds(condition, field(columns, span))
}
