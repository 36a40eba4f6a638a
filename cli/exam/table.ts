import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Key } from 'exam/key'
import type { Answer, Question } from 'exam/question'
import { ExamError } from 'exam/read'
import { ruleNames } from 'exam/rules/rules'
import { type Score, score } from 'exam/score'
import { defineCommand, readWhole } from '../command.ts'
import { readSecret } from '../secret.ts'
import { statusLine } from '../status-line.ts'
import { filesOf, readAnswers, readKeyFile, readQuestions } from './files.ts'
import { makeExam } from './exam.ts'
import { playedReally, readAtOnce } from './really.ts'
import { shown } from './report.ts'
import { namesAt } from './runs.ts'
import { solversOf } from './solvers.ts'
import { readTraces } from './spans.ts'

const snagline = fileURLToPath(new URL('../../scripts/detectors/snagline.sh', import.meta.url))

export const tableCommand = defineCommand({
  name: 'npm run exam -- table',
  description:
    'Makes an exam of each scenario and level, lets everybody sit it, and tells how they did, as a table in Markdown',
  args: {
    scenario: { type: 'string', valueHint: 'NAME…', description: 'only these; all where absent' },
    levels: { type: 'string', valueHint: 'N,N', description: 'which levels', default: '1,2,3,4' },
    traces: { type: 'string', valueHint: 'N', description: 'runs of each scenario and level', default: '300' },
    ...playedReally,
    seed: { type: 'string', valueHint: 'TEXT', description: 'of the exams', default: 'table' },
    secret: { type: 'string', valueHint: 'HEX', description: 'of the exams; drawn where absent' },
    snagline: {
      type: 'boolean',
      description: 'lets SNAGLINE sit it, which scripts/detectors/snagline.sh installs from PyPI',
    },
  },
  list: 'scenario',
  async run(args, scenarios) {
    const traces = readWhole('--traces', args.traces, 2, 100_000)
    const levels = args.levels.split(',').map((level) => readWhole('--levels', level, 1, 4))
    const secret = readSecret(args.secret)
    const atOnce = readAtOnce(args)
    const status = statusLine()
    const rows: string[][] = []
    for (const level of levels)
      for (const name of scenarios.length > 0 ? scenarios : namesAt(level)) {
        status(`${name}, level ${level}`)
        const scores = await sit({
          name,
          level,
          traces,
          seed: args.seed,
          secret,
          atOnce,
          hasSnagline: args.snagline === true,
        })
        status('')
        rows.push(rowOf(name, level, scores))
        if (rows.length === 1) console.log(lines([columns, columns.map(() => '---')]))
        console.log(lines([rows.at(-1) as string[]]))
      }
    return 0
  },
})

interface Sitting {
  name: string
  level: number
  traces: number
  seed: string
  secret: string
  atOnce: number | undefined
  hasSnagline: boolean
}

/** How everybody did at an exam that nobody keeps. */
async function sit({ name, level, traces, seed, secret, atOnce, hasSnagline }: Sitting): Promise<Map<string, Score>> {
  const folder = mkdtempSync(join(tmpdir(), 'exam-'))
  const [out, key] = [join(folder, 'exam'), join(folder, 'key.jsonl')]
  try {
    const startMs = Date.parse('2026-11-01')
    await makeExam({ scenarios: [name], level, traces, seed, secret, startMs, atOnce, out, key })
    const questions = readQuestions(out)
    const right = readKeyFile(key)
    const scores = new Map<string, Score>()
    for (const [solver, answers] of solversOf(await readTraces(filesOf(out).spans), questions, name))
      scores.set(solver, scoreOf(questions, right, answers()))
    if (hasSnagline) scores.set('snagline', score(questions, right, answersOfSnagline(out, questions)))
    return scores
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const scoreOf = (questions: readonly Question[], key: Key, answers: readonly Answer[]) =>
  score(questions, key, new Map(answers.map((answer) => [answer.question_id, answer])))

function answersOfSnagline(exam: string, questions: readonly Question[]): Map<string, Answer> {
  const answers = join(exam, 'snagline.jsonl')
  try {
    execFileSync(snagline, [exam, answers], { stdio: ['ignore', 'ignore', 'inherit'] })
  } catch (error) {
    throw new ExamError(`${snagline} failed: ${(error as Error).message}`)
  }
  return readAnswers(answers, questions)
}

const columns = [
  'Level',
  'Scenario',
  'Best rule of a line',
  'On faulty runs alone',
  '`reveal`',
  'SNAGLINE',
  'Ceiling',
  'Ceiling on faulty runs',
]

function rowOf(name: string, level: number, scores: ReadonlyMap<string, Score>): string[] {
  const spans = ({ by_subject }: Score) => by_subject.spans?.exact ?? { count: 0, of: 0, share: null, interval: null }
  const ofRules = ruleNames.map((rule) => ({ rule, score: scores.get(rule) as Score }))
  const best = (figure: (score: Score) => { share: number | null }) =>
    ofRules.reduce((first, each) => ((figure(each.score).share ?? 0) > (figure(first.score).share ?? 0) ? each : first))
  const [all, faulty] = [best(spans), best((each) => each.faulty.spans)]
  const withAlarms = (found: Score | undefined) =>
    found ? `${shown(spans(found))}; ${shown(found.detection.false_alarms)}` : '–'
  return [
    String(level),
    name,
    `${withAlarms(all.score)} (\`${all.rule}\`)`,
    `${shown(faulty.score.faulty.spans)} (\`${faulty.rule}\`)`,
    withAlarms(scores.get('reveal')),
    withAlarms(scores.get('snagline')),
    withAlarms(scores.get('ceiling')),
    shown((scores.get('ceiling') as Score).faulty.spans),
  ]
}

const lines = (rows: readonly (readonly string[])[]) => rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
