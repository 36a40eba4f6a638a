import { type Arrival, type Crowd, type CrowdAttempt, isLost, playCrowd, type Trigger } from './crowd.ts'
import { type Attempt, type CallStep, figure, type Job, type Out, type ScriptDecoy } from './script.ts'

/** A call of a crowd, and what its span shows of it. */
export interface CrowdCall extends Arrival {
  arguments: string
  /** What its answer says beside how long the tool worked for it. */
  version: string
  /** How much it answers, bytes. */
  bytes: number
  asked?: CallStep['asked']
  /** Whether its span has what was asked and answered; unless this says otherwise. */
  capture?: boolean
}

export interface CrowdOf<Call extends CrowdCall = CrowdCall> extends Crowd {
  agents: number
  arrivals: readonly Call[]
  /** Calls that the tool answers or refuses beside its queue. */
  beside?: readonly { agent: number; step: CallStep }[] | undefined
}

/** What became of every call of a crowd, each without what is out: played once for each. */
export class CrowdRuns {
  readonly crowd: CrowdOf
  readonly #played = new Map<string, readonly CrowdAttempt[][]>()

  constructor(crowd: CrowdOf) {
    this.crowd = crowd
  }

  /** In order of arrivals; none of a call that does not come. */
  attempts(out: Out): readonly CrowdAttempt[][] {
    const key = [...out].toSorted().join()
    const known = this.#played.get(key)
    if (known) return known
    const played = playCrowd(this.crowd, out)
    this.#played.set(key, played)
    return played
  }

  /** An agent a job, whose calls come when they come. */
  jobs(out: Out): Job[] {
    const { crowd } = this
    const attempts = this.attempts(out)
    const jobs = Array.from({ length: crowd.agents }, (_, index) => ({
      agent: { name: 'worker', index, facts: { worker_index: index } },
      isOpen: true,
      steps: [] as CallStep[],
    }))
    for (const { agent, step } of crowd.beside ?? []) jobs[agent]?.steps.push(step)
    for (const [index, call] of crowd.arrivals.entries()) {
      const own = attempts[index] ?? []
      if (own.length > 0) jobs[agentOf(call)]?.steps.push(stepOf(call, own))
    }
    for (const { steps } of jobs) steps.sort((a, b) => a.gapMs.value - b.gapMs.value)
    return jobs
  }

  /** How many calls nobody answers. */
  lost(out: Out): number {
    return this.attempts(out).filter(isLost).length
  }

  /** Calls that nobody answers, and that were refused on the way. */
  turnedAway(out: Out): CrowdCall[] {
    const attempts = this.attempts(out)
    const isRefused = (own: readonly CrowdAttempt[]) => isLost(own) && own.some(({ status }) => status === 429)
    return this.crowd.arrivals.filter((_, index) => isRefused(attempts[index] ?? []))
  }

  /** Calls that come whatever is planted. */
  get lasting(): ReadonlySet<string> {
    return new Set(this.crowd.arrivals.filter(({ onlyWith }) => onlyWith === undefined).map(({ key }) => key))
  }
}

export const agentOf = ({ key }: Pick<Arrival, 'key'>) => Number(key.split('/')[1])

function stepOf(call: CrowdCall, attempts: readonly CrowdAttempt[]): CallStep {
  const served = attempts.find(({ status }) => status === 200)
  return {
    kind: 'call',
    key: call.key,
    gapMs: figure(micro(call.atMs)),
    tool: call.tool,
    arguments: call.arguments,
    result: JSON.stringify({ version: call.version, served_ms: served && Math.round(served.ms * 10) / 10 }),
    asked: call.asked,
    capture: call.capture,
    attempts: attempts.map((attempt, index) => attemptOf(call, attempt, index)),
  }
}

function attemptOf({ waitsMs, bytes }: CrowdCall, attempt: CrowdAttempt, index: number): Attempt {
  const { queuedMs, ms, status } = attempt
  return {
    waitMs: figure(index === 0 ? 0 : (waitsMs[index - 1] ?? 0)),
    ms: figure(micro(queuedMs + ms)),
    status,
    bytes: status === 200 ? bytes : 0,
    // How long a refusal takes says nothing of how long the tool would have.
    injected: status === 429 ? null : { drawn_ms: micro(ms), ...(queuedMs > 0 && { queued_ms: micro(queuedMs) }) },
  }
}

/** To the microsecond: what is written in digits crosses HTTP as it is. */
const micro = (ms: number) => Math.round(ms * 1000) / 1000

/** An attempt of the crowd: where in the ledger it stands, and when the tool began with it. */
export interface PlacedAttempt extends CrowdAttempt {
  call: CrowdCall
  key: string
  begunMs: number
}

/** All attempts at a tool. */
export function attemptsAt({ crowd: { arrivals } }: CrowdRuns, attempts: readonly CrowdAttempt[][], tool: string) {
  return arrivals.flatMap((call, index): PlacedAttempt[] =>
    call.tool !== tool
      ? []
      : (attempts[index] ?? []).map((attempt, number) => ({
          ...attempt,
          call,
          key: `${call.key}/${number}`,
          begunMs: attempt.startMs + attempt.queuedMs,
        })),
  )
}

/**
 * The attempts that brought a tool out of balance, and those that only suffered from it. A surge is its own first calls, as far
 * as they were served; of a tool that is short it is what was served from then until `graceMs` after the first refusal, when
 * the queue and those who come again have the say; of a slow one all that was slow.
 */
export function blameOf(trigger: Trigger, attempts: readonly PlacedAttempt[], graceMs: number) {
  const { fromMs, toMs, factor, agent } = trigger
  const served = attempts.filter(({ status }) => status === 200)
  const refused = attempts.filter(({ status, startMs }) => status === 429 && startMs >= fromMs)
  const onsetMs = refused.reduce((first, { startMs }) => Math.min(first, startMs), Infinity)
  const untilMs = factor === undefined ? Math.min(toMs, onsetMs + graceMs) : toMs
  const culprits = served.filter(({ call, key, startMs, begunMs }) =>
    agent === undefined
      ? begunMs >= fromMs && begunMs <= untilMs
      : agentOf(call) === agent && key.endsWith('/0') && startMs >= fromMs && startMs <= toMs + graceMs,
  )
  return { culprits, refused, onsetMs }
}

/** The refused and the waiting until `afterMs` after a trigger: neither right nor wrong, for they only suffered from it. */
export function symptomsOf(
  { id, fromMs, toMs }: Trigger,
  attempts: readonly PlacedAttempt[],
  culprits: readonly string[],
  afterMs: number,
): ScriptDecoy & { steps: string[] } {
  const struck = new Set(culprits)
  const isMeanwhile = ({ startMs }: PlacedAttempt) => startMs >= fromMs && startMs <= toMs + afterMs
  const steps = attempts.filter((each) => isMeanwhile(each) && !struck.has(each.key)).map(({ key }) => key)
  return { id: `symptom/${id}`, of: id, kind: 'symptom', steps, isNeutral: true }
}
