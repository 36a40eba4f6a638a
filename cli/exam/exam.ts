import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { askedAt, questionsOf } from 'exam/asked'
import type { QuestionKey } from 'exam/key'
import { questionKeyOf, traceKeyOf } from 'exam/keys'
import { populationKeys, populationQuestions } from 'exam/population'
import { examVersion, type Question } from 'exam/question'
import { ExamError } from 'exam/read'
import { filesOf, hashLine, jsonLines } from './files.ts'
import { incidentKind, startsOf } from './incident.ts'
import { readme } from './readme.ts'
import { playReally } from './really.ts'
import { type Begun, drawRuns, type ExamRun, hasKind, play, type RunsOptions } from './runs.ts'
import { SpanFile } from './span-file.ts'

export interface ExamOptions extends Omit<RunsOptions, 'isReal'> {
  /** When the first run may begin, in virtual time. */
  startMs: number
  /** Its runs are played over HTTP, so many at a time; in virtual time unless given. */
  atOnce?: number | undefined
  /** The folder. */
  out: string
  /** Where its key is written. */
  key: string
}

/** Makes an exam: its folder, and its key. In virtual time the same options make the same bytes. */
export async function makeExam(options: ExamOptions, progress: (runs: number) => void = () => {}) {
  const { level, seed, secret, out, key, atOnce } = options
  const files = filesOf(out)
  mkdirSync(out, { recursive: true })
  expectWritable(key)
  const runs: ExamRun[] = []
  for await (const run of drawRuns({ ...options, isReal: atOnce !== undefined })) {
    runs.push(run)
    if (atOnce === undefined) progress(runs.length)
  }
  const { played, kind } =
    atOnce === undefined
      ? await playVirtually(runs, files.spans, options)
      : // When they begin is as it comes: nothing comes up within a while only.
        { played: await playReally(runs, { spans: files.spans, secret, atOnce, progress }), kind: undefined }
  const begun = played.toSorted((a, b) => a.start_ms - b.start_ms)
  const { questions, keys } = askAll(begun, kind)
  writeFileSync(files.questions, jsonLines(questions))
  const head = { version: examVersion, level, seed, secret }
  const keyText = jsonLines([head, ...begun.map(traceKeyOf), ...keys])
  writeFileSync(key, keyText)
  writeFileSync(files.hash, hashLine(keyText))
  const draws = runs.reduce((sum, run) => sum + run.draws, 0)
  writeFileSync(files.readme, readme({ level, runs: begun, questions, draws }))
  return { questions: questions.length, draws, disturbed: begun.filter(({ key: { disturbed } }) => disturbed).length }
}

/** One kind of fault comes up within a while only: when each run begins says when that is. */
async function playVirtually(runs: readonly ExamRun[], spans: string, { seed, startMs }: ExamOptions) {
  const kind = incidentKind(runs)
  const starts = startsOf(runs, kind, seed, startMs)
  const played = runs
    .map((run, index): Begun => ({ ...run, trace_id: run.key.trace_id, start_ms: starts[index] as number }))
    .toSorted((a, b) => a.start_ms - b.start_ms)
  await writeSpans(spans, played)
  return { played, kind }
}

/** Nobody is to wait for an exam whose key has no place. What stands there stays until the exam is made. */
export function expectWritable(path: string): void {
  try {
    closeSync(openSync(path, 'a'))
  } catch (error) {
    throw new ExamError(`--key ${path} cannot be written: ${(error as Error).message}`)
  }
}

async function writeSpans(path: string, runs: readonly Begun[]): Promise<void> {
  const file = await SpanFile.open(path)
  for (const { asked, start_ms } of runs) await file.add(await play({ ...asked, startMs: start_ms }))
  await file.end()
}

function askAll(runs: readonly Begun[], kind: ReturnType<typeof incidentKind>) {
  const questions: Question[] = []
  const keys: QuestionKey[] = []
  for (const run of runs) {
    const { scenario, key } = run
    const asked = askedAt(key.level, scenario)
    const own = asked ? questionsOf(key.trace_id, asked) : []
    questions.push(...own)
    keys.push(...own.map((question) => questionKeyOf(question, run)))
  }
  if (kind) {
    const own = populationQuestions(kind)
    questions.push(...own)
    keys.push(
      ...populationKeys(
        own,
        runs.filter((run) => hasKind(run.key, kind)),
        runs,
      ),
    )
  }
  return { questions, keys }
}
