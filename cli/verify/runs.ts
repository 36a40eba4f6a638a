import type { Revelation } from '../../trace-inspector/src/reveal/reveal.ts'
import type { Verification } from '../../trace-inspector/src/verify/verify.ts'
import type { Judge } from './judge.ts'
import { type Play, play } from './play.ts'

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

/** Makes the runs one after the other and judges each while the next is under way; yields what came of them, in order. */
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
    return played.then((outcome) => judgeOne(outcome, judge, options))
  })
  yield* outcomes
}

/** The run, with nothing known of its spans. Never rejects. */
async function playOne(agent: string, item: Play, { begins }: Options): Promise<Outcome> {
  begins(item.scenario)
  const startedAt = performance.now()
  const [traceId, problem] = await play(agent, item).then(
    (id) => [id, null] as const,
    (error: Error) => [null, error.message] as const,
  )
  const elapsedS = Math.round(performance.now() - startedAt) / 1000
  const unknown = { passed: false, verification: null, reveals: null, planted: null }
  return { scenario: item.scenario, path: item.path, trace_id: traceId, elapsed_s: elapsedS, problem, ...unknown }
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
