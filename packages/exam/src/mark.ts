import type { QuestionKey } from './key.ts'
import { type Answer, type AnswerValue, nothing, type Question, type Subject, subjectOf, unknown } from './question.ts'

/** What an answer is worth. */
export interface Mark {
  question: Question
  subject: Subject
  /** `open`: no answer, or one that says that it cannot tell. */
  outcome: 'right' | 'wrong' | 'open'
  /** Of what was named, without what is neutral, and of it what is right. */
  named: number
  right: number
  /** Groups that have to be named, and of them those that were. */
  groups: number
  hit: number
}

const count = { named: 0, right: 0, groups: 0, hit: 0 }

/** Judges an answer by its key. */
export function mark(question: Question, key: QuestionKey, answer: Answer | undefined): Mark {
  const subject = subjectOf(question)
  const value = answer?.answer ?? unknown
  const groups = key.accepted ?? listed(key.answer).map((each) => [each])
  // What nobody can know is right to be said, and no figure is.
  if (key.answer === unknown && question.type === 'number' && answer?.answer)
    return { question, subject, outcome: ofBoolean(value === unknown), ...count }
  if (value === unknown) return { question, subject, outcome: 'open', ...count, groups: groups.length }
  if (question.type === 'number')
    return { question, subject, outcome: ofBoolean(isNear(value, key, question)), ...count }
  if (question.type === 'window')
    return { question, subject, outcome: ofBoolean(isWithin(value, key, question)), ...count }
  const compared = compare(listed(value), groups, key.neutral ?? [])
  const figures = { named: compared.named.length, right: compared.right.length, hit: compared.hit.length }
  const { named, right, hit } = figures
  const isRight =
    question.tolerance === undefined
      ? right === named && hit === groups.length
      : agreement(figures, groups.length) >= 1 - question.tolerance.share
  return { question, subject, outcome: ofBoolean(isRight), ...figures, groups: groups.length }
}

const ofBoolean = (isRight: boolean) => (isRight ? 'right' : 'wrong')

/** A list that has one, and what says that there is nothing, as lists. */
export function listed(value: AnswerValue): string[] {
  const list = Array.isArray(value) ? value : typeof value === 'object' ? [] : [String(value)]
  return [...new Set(list)].filter((each) => each !== nothing)
}

/** What of an answer is right, by groups of which each has to be named by one of its own. */
export interface Comparison {
  /** Without what is neutral. */
  named: string[]
  right: string[]
  wrong: string[]
  hit: (readonly string[])[]
  missed: (readonly string[])[]
}

export function compare(
  answer: readonly string[],
  groups: readonly (readonly string[])[],
  neutral: readonly string[],
): Comparison {
  const culprits = new Set(groups.flat())
  const ignored = new Set(neutral)
  const named = answer.filter((id) => culprits.has(id) || !ignored.has(id))
  const right = named.filter((id) => culprits.has(id))
  const said = new Set(right)
  const isHit = (group: readonly string[]) => group.some((id) => said.has(id))
  return {
    named,
    right,
    wrong: named.filter((id) => !culprits.has(id)),
    hit: groups.filter(isHit),
    missed: groups.filter((group) => !isHit(group)),
  }
}

/** F1 of what was named: https://en.wikipedia.org/wiki/F-score */
function agreement({ named, right, hit }: { named: number; right: number; hit: number }, groups: number): number {
  if (named === 0 || groups === 0) return Number(named === groups)
  const [precision, recall] = [right / named, hit / groups]
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
}

function isNear(value: AnswerValue, key: QuestionKey, { tolerance }: Question): boolean {
  const right = Number(key.answer)
  const off = Math.max(Math.abs(right) * (tolerance?.share ?? 0), tolerance?.least ?? 0)
  return typeof value === 'number' && Math.abs(value - right) <= off
}

/** Whether two windows have in common what may be asked of them: their intersection over their union. None is none. */
function isWithin(value: AnswerValue, key: QuestionKey, { tolerance }: Question): boolean {
  const [mine, right] = [extentOf(value), extentOf(key.answer)]
  if (!mine || !right) return !mine && !right && listed(value).length === 0
  const common = Math.min(mine.to, right.to) - Math.max(mine.from, right.from)
  const all = Math.max(mine.to, right.to) - Math.min(mine.from, right.from)
  return common >= all * (1 - (tolerance?.share ?? 0))
}

function extentOf(value: AnswerValue) {
  return typeof value === 'object' && !Array.isArray(value)
    ? { from: Date.parse(value.from), to: Date.parse(value.to) }
    : undefined
}
