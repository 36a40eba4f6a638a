import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { askedOf } from 'exam/asked'
import type { Answer } from 'exam/question'
import { ruleNames } from 'exam/rules/rules'
import { score } from 'exam/score'
import { beforeAll, describe, expect, it } from 'vitest'
import { example } from '../cli/exam/example.ts'
import { type ExamOptions, makeExam } from '../cli/exam/exam.ts'
import { filesOf, jsonLines, readKeyFile, readQuestions } from '../cli/exam/files.ts'
import { namesAt } from '../cli/exam/runs.ts'
import { solversOf } from '../cli/exam/solvers.ts'
import { readTraces } from '../cli/exam/spans.ts'
import { cleanEnvironment } from '../scripts/process.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const names = namesAt(3)
const secret = '0123456789abcdef0123456789abcdef'

async function made(options: Partial<ExamOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'exam-test-'))
  const [out, key] = [join(folder, 'exam'), join(folder, 'key.jsonl')]
  const startMs = Date.parse('2026-11-01')
  await makeExam({ scenarios: names, level: 3, traces: 16, seed: 'test', secret, startMs, out, key, ...options })
  return { out, key, questions: readQuestions(out), right: readKeyFile(key) }
}

const byId = (answers: readonly Answer[]) => new Map(answers.map((answer) => [answer.question_id, answer]))
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

describe.each(names)('an exam of %s', (name) => {
  let exam: Awaited<ReturnType<typeof made>>
  let solvers: ReturnType<typeof solversOf>
  // What is wrong is what calls and answers say, and rules that read it are as wrong as those that do not.
  const isOfWords = ['silent', 'hallucination'].includes(name)
  const scored = (solver: string) => {
    const answers = solvers.get(solver)?.() ?? []
    return score(exam.questions, exam.right, byId(answers))
  }
  beforeAll(async () => {
    exam = await made({ scenarios: [name], traces: 24 })
    solvers = solversOf(await readTraces(filesOf(exam.out).spans), exam.questions)
  })

  it('is half of controls', () => {
    const verdicts = exam.right.traces.values().map(({ verdict }) => verdict)
    expect(Object.entries(Object.groupBy(verdicts, (verdict) => verdict)).map(([, all]) => all?.length)).toEqual([
      12, 12,
    ])
  })

  it('asks of every trace what is asked of its scenario, and has the spans that its key names', async () => {
    const traces = await readTraces(filesOf(exam.out).spans)
    const ids = new Set([...traces.values()].flat().map(({ spanId }) => spanId))
    // Of a session, its first trace is asked about.
    if (name !== 'handoff') expect(traces.size).toBe(exam.right.traces.size)
    const asked = Map.groupBy(exam.questions, ({ trace_id }) => trace_id)
    for (const [traceId, { faults, neutral }] of exam.right.traces) {
      expect(asked.get(traceId)).toHaveLength(askedOf[name]?.subjects.length ?? 0)
      expect(traces.get(traceId)?.length).toBeGreaterThan(0)
      const named = [...neutral, ...faults.flatMap(({ accepted }) => accepted.flat())]
      expect(named.filter((id) => !ids.has(id))).toEqual([])
    }
  })

  it('has its traces in the order in which they begin, whoever went on with them', async () => {
    const roots = [...(await readTraces(filesOf(exam.out).spans)).values()]
      .flat()
      .filter(({ parentSpanId }) => parentSpanId === null)
    // What two services export is not in one order in any file.
    for (const own of Map.groupBy(roots, ({ service }) => service).values()) {
      const starts = own.map(({ startMs }) => startMs ?? 0)
      expect(starts).toEqual(starts.toSorted((a, b) => a - b))
    }
  })

  it('is scored fully by its own key', () => {
    const answers = exam.right.questions.values().map(({ question_id, answer }) => ({ question_id, answer }))
    expect(score(exam.questions, exam.right, byId([...answers])).exact.share).toBe(1)
  })

  it('is solved by who knows what is usual, and by no rule of a line', () => {
    const shareOf = (solver: string) => scored(solver).by_subject.spans?.exact.share ?? 0
    const { window, cost } = scored('ceiling').by_subject
    if (name === 'cascade')
      for (const subject of [window, cost]) expect(subject?.exact.share).toBeGreaterThanOrEqual(0.75)
    const best = Math.max(...ruleNames.map(shareOf))
    expect(shareOf('nothing')).toBe(0.5)
    expect(shareOf('ceiling')).toBeGreaterThanOrEqual(0.75)
    expect(shareOf('ceiling')).toBeGreaterThan(best)
    if (isOfWords) expect(best).toBeLessThanOrEqual(0.6)
  })
})

it('real runs, played by processes over HTTP, make one as virtual ones do', async () => {
  const { out, right, questions } = await made({
    scenarios: ['silent', 'hallucination'],
    level: 1,
    traces: 8,
    atOnce: 8,
  })
  const traces = await readTraces(filesOf(out).spans)
  expect([...traces.keys()].toSorted()).toEqual([...right.traces.keys()].toSorted())
  expect([...right.traces.values()].filter(({ verdict }) => verdict === 'faulty')).toHaveLength(4)
  const services = new Set([...traces.values()].flat().map(({ service }) => service))
  expect(services.size).toBe(2)
  const machine = [...traces.values()].flat().flatMap(({ resource }) => Object.keys(resource))
  expect(machine.filter((name) => /^(host|process|os)\./.test(name))).toEqual([])
  const found = solversOf(traces, questions).get('ceiling')?.() ?? []
  // What a machine that was busy did to a run stands in its spans as well.
  const undisturbed = questions.filter(({ trace_id = '' }) => !right.traces.get(trace_id)?.disturbed)
  expect(score(undisturbed, right, byId(found)).exact.count).toBe(undisturbed.length)
})

it('what a trace is of is told by what is asked of it, at level 1 too', async () => {
  const { out, questions, right } = await made({ scenarios: ['fanout', 'chain', 'dag', 'loop'], level: 1 })
  const answers = solversOf(await readTraces(filesOf(out).spans), questions).get('reveal')?.() ?? []
  expect(score(questions, right, byId(answers)).by_subject.spans?.exact.share).toBe(1)
})

it('the same options make the same bytes, and other seeds and secrets others', async () => {
  const hashesOf = async (options: Partial<ExamOptions> = {}) => {
    const { out, key } = await made(options)
    const { spans, questions, hash } = filesOf(out)
    expect(readFileSync(hash, 'utf8')).toBe(`${sha256(key)}  key.jsonl\n`)
    return [spans, questions, key].map(sha256)
  }
  const [once, again] = [await hashesOf(), await hashesOf()]
  expect(again).toEqual(once)
  for (const other of [{ seed: 'other' }, { secret: secret.replaceAll('0', 'f') }])
    expect((await hashesOf(other)).filter((hash, index) => hash === once[index])).toEqual([])
})

it('no span says what the exam is about', async () => {
  const { out, right } = await made()
  const text = gunzipSync(readFileSync(filesOf(out).spans)).toString()
  for (const word of [
    'ati.scenario',
    'url.query',
    'ati.tool.delay_ms',
    // Nobody describes a tool that is made up.
    'gen_ai.tool.description',
    'ati.tool.error_rate',
    'level=',
    secret,
    '"stall"',
  ])
    expect(text).not.toContain(word)
  const workflows = new Set(text.match(/invoke_workflow [a-z_]+/g))
  expect([...workflows]).toHaveLength(1)
  expect(right.traces.size).toBe(16)
})

it('a baseline for every solver is in the folder that was asked for, and scores by its file', async () => {
  const { out, key, questions } = await made({ scenarios: ['fanout'], traces: 8 })
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['cli/exam.ts', ...args], { cwd: root, env: cleanEnvironment(), encoding: 'utf8' })
  expect(run('baselines', out).status).toBe(0)
  const answers = join(out, 'baselines', 'nothing.jsonl')
  const told = run('score', out, answers, '--key', key, '--json', '--min', '0.2')
  expect([told.status, told.stderr]).toEqual([0, ''])
  expect(JSON.parse(told.stdout)).toMatchObject({
    version: 1,
    questions: questions.length,
    detection: { recall: { share: 0 } },
  })
  expect(run('score', out, answers, '--key', key, '--min', '0.9').status).toBe(1)
  writeFileSync(answers, jsonLines([{ question_id: 'nobody:spans', answer: [] }]))
  expect(run('score', out, answers, '--key', key).stderr).toMatch(
    /nothing\.jsonl, line 1: question_id nobody:spans: expected one of/,
  )
  writeFileSync(filesOf(out).spans, 'no span\n')
  expect(run('baselines', out).stderr).toMatch(/spans\.jsonl\.gz, line 1: /)
})

it('a key of another exam, one that was changed, and changed questions are told', async () => {
  const [mine, other] = [await made({ traces: 8 }), await made({ traces: 8, seed: 'other' })]
  const answers = join(mine.out, 'answers.jsonl')
  writeFileSync(answers, '')
  const told = (key: string) => {
    const { status, stderr } = spawnSync(process.execPath, ['cli/exam.ts', 'score', mine.out, answers, '--key', key], {
      cwd: root,
      env: cleanEnvironment(),
      encoding: 'utf8',
    })
    return { status, stderr }
  }
  expect(told(mine.key)).toEqual({ status: 0, stderr: '' })
  expect(told(other.key)).toEqual({ status: 1, stderr: expect.stringContaining(`expected ${sha256(mine.key)}, as in`) })
  const { questions, hash } = filesOf(mine.out)
  writeFileSync(questions, jsonLines(mine.questions.slice(1)))
  expect(told(mine.key)).toEqual({ status: 1, stderr: expect.stringContaining('1 differ: ') })
  writeFileSync(hash, 'nothing')
  expect(told(mine.key).stderr).toMatch(/SHA-256 [0-9a-f]{64}: expected nothing, as in/)
})

it('a key without a place is told before anything is played', async () => {
  const key = join(mkdtempSync(join(tmpdir(), 'exam-test-')), 'nowhere', 'key.jsonl')
  let played = 0
  const options = { ...example, out: mkdtempSync(join(tmpdir(), 'exam-test-')), key }
  await expect(makeExam(options, () => played++)).rejects.toThrow(`--key ${key} cannot be written: `)
  expect(played).toBe(0)
})

describe('the example', () => {
  const folder = join(root, 'docs/examples/exam')
  const key = join(root, 'docs/examples/exam-key.jsonl')

  it('is what make makes (npm run docs writes it)', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'exam-test-'))
    const [out, made] = [join(temporary, 'exam'), join(temporary, 'key.jsonl')]
    await makeExam({ ...example, out, key: made })
    for (const name of ['questions', 'readme', 'hash'] as const)
      expect(readFileSync(filesOf(folder)[name], 'utf8')).toBe(readFileSync(filesOf(out)[name], 'utf8'))
    expect(readFileSync(key, 'utf8')).toBe(readFileSync(made, 'utf8'))
    // How a file is compressed is up to whoever does it.
    const [here, there] = [folder, out].map((each) => gunzipSync(readFileSync(filesOf(each).spans)))
    expect(here?.equals(there as Buffer)).toBe(true)
  })

  it('has the key that its hash says', () => {
    expect(readFileSync(filesOf(folder).hash, 'utf8')).toBe(`${sha256(key)}  key.jsonl\n`)
  })
})
