import { type Answer, type AnswerValue, isoWindow, nothing, type Question, subjectOf, unknown } from './question.ts'
import type { Step } from './table/table.ts'

/** What somebody found in a trace. */
export interface Solution {
  /** What is named; empty where nothing is wrong. */
  steps: readonly Pick<Step, 'span_id' | 'name'>[]
  /** Who is to blame; absent: whose steps they are. */
  names?: readonly string[]
  /** Absent: cannot tell. */
  kinds?: readonly string[]
  costMs?: number
  /** While something was wrong, epoch times in ms. */
  window?: { from_ms: number; to_ms: number } | undefined
}

/** A solution as answers to the questions of its trace; to a question that it says nothing of, that one cannot tell. */
export function answersOf(questions: readonly Question[], solution: Solution): Answer[] {
  return questions.map((question) => ({ question_id: question.question_id, answer: answerTo(question, solution) }))
}

function answerTo(question: Question, { steps, names, kinds, costMs, window }: Solution): AnswerValue {
  switch (subjectOf(question)) {
    case 'verdict':
      return steps.length > 0 ? 'faulty' : 'healthy'
    case 'kind':
      return kinds ? [...kinds] : steps.length === 0 ? nothing : unknown
    case 'spans':
    case 'waited':
      return steps.map(({ span_id }) => span_id)
    case 'entity':
      return steps.length === 0 ? nothing : [...new Set(names ?? steps.map(({ name }) => name))]
    case 'cost':
      return costMs ?? (steps.length === 0 ? 0 : unknown)
    case 'window':
      return window ? isoWindow(window) : steps.length === 0 ? nothing : unknown
    default:
      return unknown
  }
}
