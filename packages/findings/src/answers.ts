import type { AnalysisStep } from './step.ts'

/** An error that is none: what is there to know of an answer that is whole. */
const note = /^note:/i

/** How an answer is wrong that came with 200. */
export type Flaw = 'error' | 'truncated' | 'empty'

/** What was asked of a tool, and what it answered, as text of JSON. */
export type Spoken = Pick<AnalysisStep, 'arguments' | 'result'> & { tool: string }

interface Answer {
  error: unknown
  count: number | undefined
  total: number | undefined
  hasMore: boolean
  /** What there is of other things, by their ids. */
  items: readonly { id: string; count: number }[]
}

/** A question: the same for all of its pages. */
interface Question {
  about: string
  page: string
  /** How many it asks for at most. */
  limit: number
  /** Whether it asks what errors there were: then one is what it is to be answered. */
  isAboutErrors: boolean
}

/** How much was read of an answer on each of its pages, and in all. */
interface Pages {
  counts: Map<string, number>
  sum: number
}

type Members = Readonly<Record<string, unknown>>

/** A JSON object in text; undefined where there is none. */
export function membersOf(text: string | undefined): Members | undefined {
  if (!text?.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Members
  } catch {
    return undefined
  }
}

const numberIn = (value: unknown) => (typeof value === 'number' ? value : undefined)
const textIn = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** What an answer says of itself; undefined where it is no JSON object. */
export function answerIn(text: string | undefined): Answer | undefined {
  const members = membersOf(text)
  if (!members) return undefined
  const { error, count, total, cursor, items } = members
  return {
    error: typeof error === 'string' && note.test(error) ? null : (error ?? null),
    count: numberIn(count),
    total: numberIn(total),
    hasMore: cursor !== undefined && cursor !== null,
    items: Array.isArray(items) ? items.flatMap(itemIn) : [],
  }
}

function itemIn(value: unknown): { id: string; count: number }[] {
  const { id, count } = (value ?? {}) as Members
  return typeof id === 'string' && typeof count === 'number' ? [{ id, count }] : []
}

/** What is asked, whichever page of it and whatever it builds on. */
function questionIn({ tool, arguments: text }: Spoken): Question {
  const { limit, cursor, given: _given, ...asked } = membersOf(text) ?? {}
  const id = textIn(asked.id)
  // With an id any tool may be asked for the same; without arguments no two questions are known to be one.
  const about = id ?? `${tool} ${JSON.stringify(asked)}`
  return {
    about,
    page: textIn(cursor) ?? '',
    limit: numberIn(limit) ?? Infinity,
    isAboutErrors: asked.field === 'error',
  }
}

/**
 * Answers that are wrong though they came with 200, by the index of their call: one that says there was an error; one that is
 * empty about what an earlier answer has counted; one that has less than there is, and no word of where the rest is. `calls`
 * are in order. One that was asked again, and answered well then, is none.
 */
export function flawedAnswers(calls: readonly Spoken[]): Map<number, Flaw> {
  const flawed = new Map<number, Flaw>()
  const answeredBy = new Map<string, number>()
  /** What is known of how much there is, by question. */
  const totals = new Map<string, number>()
  const pages = new Map<string, Pages>()
  calls.forEach((call, index) => {
    const answer = answerIn(call.result)
    if (!answer) return
    const { about, page, limit, isAboutErrors } = questionIn(call)
    const read = pages.get(about) ?? { counts: new Map<string, number>(), sum: 0 }
    pages.set(about, read)
    const said = isAboutErrors ? { ...answer, error: null } : answer
    const flaw = flawOf(said, { known: totals.get(about) ?? 0, page, limit, read })
    if (flaw) return void flawed.set(index, flaw)
    answeredBy.set(`${about} ${page}`, index)
    if (answer.total !== undefined) totals.set(about, answer.total)
    if (answer.count !== undefined) {
      read.sum += answer.count - (read.counts.get(page) ?? 0)
      read.counts.set(page, answer.count)
    }
    for (const { id, count } of answer.items) if (!totals.has(id)) totals.set(id, count)
  })
  for (const index of flawed.keys()) {
    const { about, page } = questionIn(calls[index] as Spoken)
    if ((answeredBy.get(`${about} ${page}`) ?? -1) > index) flawed.delete(index)
  }
  return flawed
}

function flawOf(
  { error, count, total, hasMore }: Answer,
  { known, page, limit, read }: Pick<Question, 'page' | 'limit'> & { known: number; read: Readonly<Pages> },
): Flaw | undefined {
  if (error !== null) return 'error'
  if (count === undefined || total === undefined) return undefined
  if (total === 0) return known > 0 ? 'empty' : undefined
  // As many as were asked for are enough. Who did not see the first page does not know how much there was before.
  if (hasMore || count >= limit || (page !== '' && !read.counts.has(''))) return undefined
  const before = read.sum - (read.counts.get(page) ?? 0)
  return before + count < total ? 'truncated' : undefined
}
