import type { PlantedKind } from 'contract/taxonomy'
import { median } from 'findings/statistics'
import { meaningOf } from './asked.ts'
import type { QuestionKey } from './key.ts'
import { type Answer, isoWindow, type Question, subjectOf, unknown } from './question.ts'

/** A trace, and when it began. */
export interface Begun {
  trace_id: string
  start_ms: number
}

/** Questions about all traces of an exam together: one kind of fault came up within a while, and in no other time. */
export function populationQuestions(kind: PlantedKind): Question[] {
  const what = `Some traces have \`${kind}\` (${meaningOf(kind).toLowerCase()}), all of them within one while.`
  return [
    {
      question_id: 'population:traces',
      scope: 'population',
      type: 'traces',
      text: `${what} Which traces are they?`,
      choices: [kind],
      tolerance: { share: 0.1 },
    },
    {
      question_id: 'population:window',
      scope: 'population',
      type: 'window',
      text: `${what} When did the first of them begin, and when the last?`,
      choices: [kind],
      tolerance: { share: 0.2 },
    },
    {
      question_id: 'population:share',
      scope: 'population',
      type: 'number',
      text: `${what} Which share of the traces that began in this while has it, from 0 to 1?`,
      choices: [kind],
      tolerance: { share: 0.2, least: 0.02 },
    },
  ]
}

/** Answers to those by who knows which traces it is. */
export function populationAnswers(
  affected: readonly Begun[],
  all: readonly Begun[],
): Readonly<Record<string, Answer['answer']>> {
  const starts = affected.map(({ start_ms }) => start_ms)
  if (starts.length === 0) return { traces: [], window: unknown, share: 0 }
  const [from, to] = [Math.min(...starts), Math.max(...starts)]
  const within = all.filter(({ start_ms }) => start_ms >= from && start_ms <= to)
  return {
    traces: affected.map(({ trace_id }) => trace_id),
    window: isoWindow({ from_ms: from, to_ms: to }),
    share: affected.length / within.length,
  }
}

/** Their keys. */
export function populationKeys(
  questions: readonly Question[],
  affected: readonly Begun[],
  all: readonly Begun[],
): QuestionKey[] {
  const answers = populationAnswers(affected, all)
  return questions.map((question) => {
    const answer = answers[subjectOf(question)]
    if (answer === undefined || answer === null)
      throw new Error(`${question.question_id} is no question about all traces`)
    return { question_id: question.question_id, answer }
  })
}

/** How far off the middle of a while its traces are at most, in medians of that: twice where they come evenly. */
const farOff = 3

/** Without those that are far from where most are: whoever errs about one trace would move the whole window. */
export function together(affected: readonly Begun[]): Begun[] {
  const middle = median(affected.map(({ start_ms }) => start_ms))
  const spread = median(affected.map(({ start_ms }) => Math.abs(start_ms - middle)))
  return affected.filter(({ start_ms }) => Math.abs(start_ms - middle) <= farOff * spread)
}
