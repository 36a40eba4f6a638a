import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Key, readKey } from 'exam/key'
import { type Answer, answerSchema, type Question, questionSchema } from 'exam/question'
import { byQuestion, ExamError, readLines } from 'exam/read'

/** What is in the folder of an exam. */
export const filesOf = (folder: string) => ({
  spans: join(folder, 'spans.jsonl.gz'),
  questions: join(folder, 'questions.jsonl'),
  hash: join(folder, 'key.sha256'),
  readme: join(folder, 'README.md'),
  baselines: join(folder, 'baselines'),
})

export function readQuestions(folder: string): Question[] {
  const path = filesOf(folder).questions
  return [...byQuestion(readLines(readText(path), path, questionSchema), path).values()]
}

/** Answers by question. Throws an ExamError for one of a question that the exam has not. */
export function readAnswers(path: string, questions: readonly Question[]): Map<string, Answer> {
  const lines = readLines(readText(path), path, answerSchema)
  const known = new Set(questions.map(({ question_id }) => question_id))
  for (const { line, value } of lines)
    if (!known.has(value.question_id))
      throw new ExamError(`${path}, line ${line}: question_id ${value.question_id}: expected one of questions.jsonl`)
  return byQuestion(lines, path)
}

export const readKeyFile = (path: string): Key => readKey(readText(path), path)

/** Throws an ExamError that says why. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ExamError(`${path} cannot be read: ${(error as Error).message}`)
  }
}

export const jsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')
