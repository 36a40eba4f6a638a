import type { Revelation } from '../../trace-inspector/src/reveal/reveal.ts'
import type { Verification } from '../../trace-inspector/src/verify/verify.ts'
import type { Judge } from './judge.ts'
import { type Play, play, resumedIn, type Session } from './play.ts'

/** What came of one run, as `--json` gives it. */
export interface Outcome {
  scenario: string
  path: string
  trace_id: string | null
  /** Until the run was answered, s. */
  elapsed_s: number
  /** null: what is missing is nobody's fault, so nothing can be said. */
  passed: boolean | null
  verification: Verification | null
  /** One sentence of what the spans reveal, and how that compares with what was planted; null when nothing came. */
  reveals: string | null
  /** The same in figures; null where nobody tells what was planted. */
  planted: Revelation['planted']
  /** Why there is no verification. */
  problem: string | null
}

export interface Options {
  waitS: number
  /** A trace that is absent as a whole has been sampled away, and passes. */
  isSampled: boolean
  /** Told of each run that begins. */
  begins: (scenario: string) => void
}

/** What came of a run, and where else it may have left spans. */
interface Played {
  outcome: Outcome
  session?: Session | undefined
}

/**
 * Makes the runs one after the other and judges each while the next is under way; yields what came of them, in order: of a run
 * that is in several traces, one for each.
 */
export async function* verifyRuns(
  agent: string,
  plays: readonly Play[],
  judge: Judge,
  options: Options,
): AsyncGenerator<Outcome> {
  let before: Promise<unknown> = Promise.resolve()
  const outcomes = plays.map((item) => {
    const played = before.then(() => playOne(agent, item, options))
    before = played
    return played.then((each) => judgeAll(agent, each, judge, options))
  })
  for (const outcome of outcomes) yield* await outcome
}

/** Never rejects. */
async function judgeAll(
  agent: string,
  { outcome, session }: Played,
  judge: Judge,
  options: Options,
): Promise<Outcome[]> {
  const first = judgeOne(outcome, judge, options)
  if (!session) return [await first]
  const { trace_ids: ids, resumes_after_s: afterS } = session
  const others = ids.slice(1).map((trace_id) => ({ ...outcome, trace_id }))
  const resumed = afterS === null ? [] : await resumption(agent, outcome, afterS, options.waitS)
  return Promise.all([first, ...[...others, ...resumed].map((each) => judgeOne(each, judge, options))])
}

/** The trace in which a run went on, or why there is none; nothing where nobody is to be asked. Never rejects. */
async function resumption(agent: string, outcome: Outcome, afterS: number, waitS: number): Promise<Outcome[]> {
  const late = { ...outcome, trace_id: null, problem: `it was to go on after ${afterS} s, and has not` }
  try {
    const deadline = performance.now() + 1000 * (Math.min(afterS, waitS) + waitS)
    const found = await resumedIn(agent, outcome.trace_id as string, deadline)
    if (found === null) return []
    return [found === undefined ? late : { ...outcome, trace_id: found }]
  } catch (error) {
    return [{ ...late, problem: (error as Error).message }]
  }
}

/** The run, with nothing known of its spans. Never rejects. */
async function playOne(agent: string, item: Play, { begins }: Options): Promise<Played> {
  begins(item.scenario)
  const startedAt = performance.now()
  const [played, problem] = await play(agent, item).then(
    (each) => [each, null] as const,
    (error: Error) => [null, error.message] as const,
  )
  const traceId = played?.traceId ?? null
  const elapsedS = Math.round(performance.now() - startedAt) / 1000
  const unknown = { passed: false, verification: null, reveals: null, planted: null }
  const { scenario, path } = item
  const outcome = { scenario, path, trace_id: traceId, elapsed_s: elapsedS, problem, ...unknown }
  return { outcome, session: played?.session }
}

/** Never rejects. */
async function judgeOne(outcome: Outcome, judge: Judge, { waitS, isSampled }: Options): Promise<Outcome> {
  if (outcome.trace_id === null) return outcome
  try {
    const { verification, revelation } = await judge.judge(outcome.trace_id, waitS)
    const isUndecided = verification.counts.excused > 0 || verification.verdict === 'no_ledger'
    const passed = isUndecided ? null : passes(verification.verdict, isSampled)
    return { ...outcome, passed, verification, ...told(revelation) }
  } catch (error) {
    return { ...outcome, problem: (error as Error).message }
  }
}

function told(revelation: Revelation | undefined): Pick<Outcome, 'reveals' | 'planted'> {
  if (!revelation) return { reveals: null, planted: null }
  const { text, planted } = revelation
  if (planted === 'pending') return { reveals: `${text}; what was planted is still being judged`, planted }
  return { reveals: planted ? `${text}; ${planted.text}` : text, planted }
}

function passes(verdict: Verification['verdict'], isSampled: boolean): boolean {
  return verdict === 'complete' || (isSampled && verdict === 'absent')
}
