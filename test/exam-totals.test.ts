import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { quirkNames } from 'contract/quirks'
import type { Answer } from 'exam/question'
import { score } from 'exam/score'
import { beforeAll, describe, expect, it } from 'vitest'
import { filesOf, readKeyOf, readQuestions } from '../cli/exam/files.ts'
import { solversOf } from '../cli/exam/solvers.ts'
import { readTraces } from '../cli/exam/spans.ts'
import { makeTotals } from '../cli/exam/totals.ts'

const names = ['react', 'stream', 'rag', 'handoff']
/** Each scenario with each quirk, and with none, twice. */
const runs = 2 * names.length * (1 + quirkNames.length)
/** One that hands over leaves two traces more: one that was severed, and one of what came later. */
const traces = runs + 2 * (runs / names.length)
/** Every other three runs; and of those that hand over, two in three are none of these, and have a conversation of their own. */
const sessions = runs / 6 + ((runs / names.length) * 2) / 3

async function made(seed = 'totals') {
  const folder = mkdtempSync(join(tmpdir(), 'totals-'))
  const [out, key] = [join(folder, 'exam'), join(folder, 'key.jsonl')]
  const secret = '0123456789abcdef0123456789abcdef'
  await makeTotals({ scenarios: names, traces: runs, seed, secret, startMs: Date.parse('2026-11-01'), out, key })
  const questions = readQuestions(out)
  return { out, key, questions, right: readKeyOf(out, key, questions) }
}

describe('an exam about totals', () => {
  let exam: Awaited<ReturnType<typeof made>>
  let solvers: Map<string, () => Answer[]>
  const scored = (answers: readonly Answer[] = []) =>
    score(exam.questions, exam.right, new Map(answers.map((answer) => [answer.question_id, answer])))
  beforeAll(async () => {
    exam = await made()
    solvers = solversOf(await readTraces(filesOf(exam.out).spans), exam.questions)
  })

  it('asks of every trace, agent, session and model', () => {
    const { by_subject } = scored()
    expect(by_subject.tokens?.questions).toBe(traces)
    expect(by_subject.price?.questions).toBe(traces)
    expect(by_subject.agent_tokens?.questions).toBe(traces)
    expect(by_subject.session_tokens?.questions).toBe(sessions)
    expect(by_subject.model_tokens?.questions).toBe(1)
  })

  it('is scored fully by its own key, and what nobody can know is among it', () => {
    const answers = [...exam.right.questions.values()].map(({ question_id, answer }) => ({ question_id, answer }))
    expect(scored(answers).exact.share).toBe(1)
    const unknown = answers.filter(({ answer }) => answer === 'unknown')
    expect(unknown.length).toBeGreaterThan(0)
    expect(
      scored(answers.map((each) => ({ ...each, answer: each.answer === 'unknown' ? 0 : each.answer }))).exact.count,
    ).toBe(answers.length - unknown.length)
  })

  it('is solved from spans alone by who knows how tokens are told, with each quirk', () => {
    const { exact, by_quirk } = scored(solvers.get('ceiling')?.())
    expect(exact.share).toBe(1)
    expect(Object.keys(by_quirk).toSorted()).toEqual(['none', ...quirkNames].toSorted())
  })

  it('is not solved by sums: of each quirk some sum knows next to nothing', () => {
    const [spans, calls] = ['sum-of-spans', 'sum-of-calls'].map((name) => scored(solvers.get(name)?.()))
    const shareOf = (of: typeof spans, quirk: string) => of?.by_quirk[quirk]?.exact.share
    for (const quirk of ['usage_repeated', 'cache_beside', 'retries_billed'])
      expect(shareOf(spans, quirk), quirk).toBeLessThan(0.2)
    for (const quirk of ['usage_on_parent', 'cache_beside']) expect(shareOf(calls, quirk), quirk).toBeLessThan(0.2)
    for (const of of [spans, calls]) {
      expect(shareOf(of, 'stream_usage_missing')).toBeLessThan(shareOf(of, 'none') ?? 0)
      expect(of?.by_subject.model_tokens?.exact.share).toBe(0)
    }
  })

  it('is the same bytes for the same options, and its spans name no quirk', async () => {
    const [again, other] = [await made(), await made('other')]
    const bytes = ({ out, key }: typeof again) =>
      [filesOf(out).questions, key].map((path) => readFileSync(path, 'utf8')).join()
    const spans = ({ out }: typeof again) => gunzipSync(readFileSync(filesOf(out).spans)).toString()
    expect(bytes(again)).toBe(bytes(exam))
    expect(spans(again)).toBe(spans(exam))
    expect(bytes(other)).not.toBe(bytes(exam))
    for (const word of ['quirk', ...quirkNames]) expect(spans(exam)).not.toContain(word)
  })
})
