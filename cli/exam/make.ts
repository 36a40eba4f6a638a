import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { seedPattern } from 'contract/tool'
import { defineCommand, readWhole, UsageError } from '../command.ts'
import { makeSessions } from './sessions.ts'
import { readSecret } from '../secret.ts'
import { statusLine } from '../status-line.ts'
import { makeExam } from './exam.ts'
import { playedReally, readAtOnce } from './really.ts'
import { namesAt } from './runs.ts'
import { allNames, makeTotals } from './totals.ts'

export const makeCommand = defineCommand({
  name: 'npm run exam -- make',
  description: 'Makes an exam: a folder with spans of runs and questions about them, and its key elsewhere',
  args: {
    scenario: { type: 'string', valueHint: 'NAME…', description: 'only these; all where absent' },
    level: { type: 'string', valueHint: '1…4', description: 'how hard it is', default: '3' },
    traces: {
      type: 'string',
      valueHint: 'N',
      description: 'how many runs, scenarios in turn; every other one is a control',
      default: '300',
    },
    totals: {
      type: 'boolean',
      description: 'about totals of tokens, in runs whose telemetry tells them in more ways than one; without a level',
    },
    sessions: {
      type: 'boolean',
      description:
        'about sessions: which traces are of one, where agents hand over and people are asked; without a level',
    },
    ...playedReally,
    seed: {
      type: 'string',
      valueHint: 'TEXT',
      description: 'with the secret, the same seed makes the same exam; drawn where absent',
    },
    secret: {
      type: 'string',
      valueHint: 'HEX',
      description: 'what runs draw with beside the seed, 32 hex digits or more; drawn where absent',
    },
    start: {
      type: 'string',
      valueHint: 'DATE',
      description: 'when its first run may begin, an ISO time',
      default: '2026-11-01T00:00:00Z',
    },
    out: { type: 'string', valueHint: 'FOLDER', description: 'the exam', default: 'exam' },
    key: { type: 'string', valueHint: 'FILE', description: 'its key, outside the folder', default: 'key.jsonl' },
  },
  list: 'scenario',
  notes: 'docs/exam.md says what is in the files.',
  async run(args, scenarios) {
    const level = readWhole('--level', args.level, 1, 4)
    const traces = readWhole('--traces', args.traces, 1, 100_000)
    const startMs = Date.parse(args.start)
    if (Number.isNaN(startMs)) throw new UsageError(`--start ${args.start}: expected an ISO time`)
    const seed = args.seed ?? randomBytes(4).toString('hex')
    if (!seedPattern.test(seed) || seed.length > 32)
      throw new UsageError(`--seed ${seed}: expected 1 to 32 printable ASCII characters without blanks`)
    const { out, key } = args
    if (resolve(key).startsWith(`${resolve(out)}/`))
      throw new UsageError(`--key ${key}: expected a file outside ${out}`)
    const names = scenarios.length > 0 ? scenarios : args.totals ? allNames : namesAt(level)
    const secret = readSecret(args.secret)
    const status = statusLine()
    const told = (runs: number) => status(`${runs} of ${traces} runs`)
    const atOnce = readAtOnce(args)
    if (atOnce !== undefined && (args.sessions || args.totals))
      throw new UsageError('--real: expected neither --sessions nor --totals, whose runs are in virtual time')
    const options = { scenarios: names, traces, seed, secret, startMs, out, key }
    const made: { questions: number; disturbed?: number } = await (args.sessions
      ? makeSessions(options, told)
      : args.totals
        ? makeTotals(options, told)
        : makeExam({ ...options, level, atOnce }, told))
    status('')
    const what = args.sessions ? 'sessions' : args.totals ? 'runs' : 'traces'
    console.log(`${out}: ${traces} ${what}, ${made.questions} questions; ${key}: the key`)
    if (made.disturbed) console.log(`${made.disturbed} of its runs were disturbed by the machine (docs/key.md)`)
    return 0
  },
})
