import { mkdirSync, writeFileSync } from 'node:fs'
import { Random } from 'contract/random'
import { Catalog } from 'engine/catalog'
import { scenarioOf, scenarios } from 'engine/scenarios/index'
import { traceKeyOf } from 'exam/keys'
import { examVersion, type Question } from 'exam/question'
import { type KnownSession, sessionKeys, sessionQuestions } from 'exam/sessions'
import type { PlayedRun } from 'simulate/play'
import { type ExamOptions, expectWritable } from './exam.ts'
import { filesOf, hashLine, jsonLines } from './files.ts'
import { written } from './readme.ts'
import { agentsOf, keyOf, play } from './runs.ts'
import { SpanFile } from './span-file.ts'

export type SessionsOptions = Omit<ExamOptions, 'level' | 'scenarios'>

/** Runs begin so far apart on the average, ms: several are under way at any time. */
const apartMs = 250

/** Makes an exam about sessions of several traces: its folder, and its key. The same options make the same bytes. */
export async function makeSessions(options: SessionsOptions, progress: (runs: number) => void = () => {}) {
  const { traces, seed, secret, startMs, out, key } = options
  const files = filesOf(out)
  mkdirSync(out, { recursive: true })
  expectWritable(key)
  const file = await SpanFile.open(files.spans)
  const sessions: KnownSession[] = []
  const traceKeys: object[] = []
  for (let index = 0; index < traces; index++) {
    const random = new Random(`${secret} session/${index}`)
    const begins = startMs + Math.round((index + random.fork('start').float()) * apartMs)
    const played = await playSession(`${seed}/${index}`, { secret, startMs: begins, random })
    await file.add(played)
    const byTrace = Map.groupBy([played, ...played.parts], ({ traceId }) => traceId)
    for (const parts of byTrace.values()) traceKeys.push(await traceKey(parts))
    const trace_ids = [...byTrace.keys()]
    progress(sessions.push({ asked: random.fork('asked').pick(trace_ids), trace_ids }))
  }
  await file.end()
  const questions = sessionQuestions(sessions)
  const head = { version: examVersion, level: 1, seed, secret }
  const keyText = jsonLines([head, ...traceKeys, ...sessionKeys(sessions)])
  writeFileSync(files.questions, jsonLines(questions))
  writeFileSync(key, keyText)
  writeFileSync(files.hash, hashLine(keyText))
  writeFileSync(files.readme, readme(sessions, questions))
  return { questions: questions.length }
}

/** One run: to some of its agents the context is lost, and with it the conversation more often than not. */
function playSession(
  seed: string,
  { secret, startMs, random }: { secret: string; startMs: number; random: Random },
): Promise<PlayedRun> {
  const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })
  const offer = catalog.find(scenarioOf.handoff.name)
  const hops = random.fork('hops').integer(2, 5)
  const parsed =
    offer &&
    catalog.parse(offer, {
      hops: String(hops),
      severed: String(random.fork('severed').integer(0, Math.min(2, hops))),
      severed_conversation: random.fork('conversation').chance(0.75) ? 'lost' : 'kept',
      human_delay_s: random.fork('human').chance(0.5) ? String(random.fork('wait').integer(1, 30)) : '0',
    })
  if (!offer || !parsed || 'faults' in parsed) throw new Error('handoff does not take what sessions are made of')
  return play({ offer, params: parsed.params, seed, secret, startMs })
}

const traceKey = async (parts: readonly PlayedRun[]) => {
  const ledgers = parts.map((part) => part.ledger())
  return traceKeyOf({
    scenario: scenarioOf.handoff.name,
    key: await keyOf(parts),
    costMs: 0,
    agentsOf: agentsOf(...ledgers),
  })
}

const readme = (sessions: readonly KnownSession[], questions: readonly Question[]) => `# An exam about sessions

${sessions.length} sessions of agents that hand over to each other and ask people, in ${sessions.reduce((sum, { trace_ids }) => sum + trace_ids.length, 0)} traces.

${written(questions)}
`
