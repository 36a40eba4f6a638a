import { createHash } from 'node:crypto'
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

/** As `sha256sum` writes it. */
export const hashLine = (keyText: string): string =>
  `${createHash('sha256').update(keyText).digest('hex')}  key.jsonl\n`

/** The key of an exam. Throws an ExamError where it is that of another, or is no longer what it was. */
export function readKeyOf(exam: string, path: string, questions: readonly Question[]): Key {
  const text = readText(path)
  const { hash } = filesOf(exam)
  const [expected, found] = [readText(hash), hashLine(text)].map((line) => line.split(' ', 1)[0]?.trim())
  if (found !== expected) throw new ExamError(`${path}: SHA-256 ${found}: expected ${expected}, as in ${hash}`)
  const key = readKey(text, path)
  const asked = new Set(questions.map(({ question_id }) => question_id))
  const strangers = [
    ...[...asked].filter((id) => !key.questions.has(id)).map((id) => `${id} is in ${filesOf(exam).questions} alone`),
    ...[...key.questions.keys()].filter((id) => !asked.has(id)).map((id) => `${id} is in the key alone`),
  ]
  if (strangers.length > 0)
    throw new ExamError(`${path}: expected the questions of the exam, and ${strangers.length} differ: ${strangers[0]}`)
  return key
}

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
