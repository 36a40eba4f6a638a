import type { QuestionKey } from './key.ts'
import type { Question } from './question.ts'

/** A session whose traces are known, and the one of them that is asked about. */
export interface KnownSession {
  asked: string
  trace_ids: readonly string[]
}

const text =
  'Which traces are one session with this one, itself among them? One user asked for something once: what was handed over to another agent, whether or not its trace says so, and what went on when a person had answered is part of it.'

/** A question about each session, by one of its traces. */
export const sessionQuestions = (sessions: readonly KnownSession[]): Question[] =>
  sessions.map(({ asked }) => ({
    question_id: `${asked}:session`,
    scope: 'trace',
    trace_id: asked,
    type: 'traces',
    text,
  }))

export const sessionKeys = (sessions: readonly KnownSession[]): QuestionKey[] =>
  sessions.map(({ asked, trace_ids }) => ({ question_id: `${asked}:session`, answer: trace_ids.toSorted() }))
