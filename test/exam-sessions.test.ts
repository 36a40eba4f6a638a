import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readKey } from 'exam/key'
import { mark } from 'exam/mark'
import { sessionReaders } from 'exam/rules/sessions'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { filesOf, readQuestions } from '../cli/exam/files.ts'
import { makeSessions } from '../cli/exam/sessions.ts'
import { solversOf } from '../cli/exam/solvers.ts'
import { readTraces } from '../cli/exam/spans.ts'

const folder = mkdtempSync(join(tmpdir(), 'sessions-'))
const out = join(folder, 'exam')
const key = join(folder, 'key.jsonl')
const sessions = 120
/** How many questions each of those who answer is right about, by name. */
const right = new Map<string, number>()

beforeAll(async () => {
  const options = { traces: sessions, seed: 'a', secret: 'ab'.repeat(16), startMs: 1_760_000_000_000, out, key }
  await makeSessions(options)
  const questions = readQuestions(out)
  const keys = readKey(readFileSync(key, 'utf8'), key).questions
  const solvers = solversOf(await readTraces(filesOf(out).spans), questions)
  for (const name of Object.keys(sessionReaders)) {
    const answers = new Map(
      solvers
        .get(name)?.()
        .map((answer) => [answer.question_id, answer]),
    )
    const marks = questions.map((question) => {
      const known = keys.get(question.question_id)
      return known && mark(question, known, answers.get(question.question_id)).outcome
    })
    right.set(name, marks.filter((outcome) => outcome === 'right').length)
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

it('a rule of a line knows no more than three sessions of five, whatever it goes by', () => {
  const { 'sessions-informed': _, ...rules } = sessionReaders
  for (const name of Object.keys(rules)) expect(right.get(name), name).toBeLessThanOrEqual(0.6 * sessions)
  // It is no lottery: the conversation alone is worth something.
  expect(right.get('same-conversation')).toBeGreaterThan(0.3 * sessions)
})

it('all that spans tell is enough for nine of ten', () => {
  expect(right.get('sessions-informed')).toBeGreaterThanOrEqual(0.9 * sessions)
})

it('no span of a session says what it is an example of', async () => {
  for (const spans of (await readTraces(filesOf(out).spans)).values())
    for (const { name, attributes } of spans)
      expect(JSON.stringify([name, attributes])).not.toMatch(/handoff|sever|scenario/)
})
