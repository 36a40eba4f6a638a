import { fewestRefusals, longWait } from 'findings/kinds/overload'
import { attemptsAt, blameOf, type CrowdRuns, type PlacedAttempt, symptomsOf } from './crowd-script.ts'
import type { Trigger } from './crowd.ts'
import type { Out, Script, ScriptDecoy, ScriptFault } from './script.ts'

export type CrowdTrigger = Trigger & { kind: ScriptFault['kind'] }

const nothing = new Set<string>()

/** For how long an attempt waits for its turn: so many times what is usual, and so many ms. */
interface Wait {
  times: number
  ms: number
}

/** Where nobody is refused, so many have to wait for so long that a tool is overloaded for sure: more than a rule may go by. */
const surely = { kept: 5, times: 3.1, ms: 105 }
/** Whoever waits for longer than this without a trigger says that much comes anyway. */
const anyWait = { times: 2, ms: 0 }

/**
 * What brings one tool out of balance at level 1, and who shows it. It is harmless where the tool was not overloaded: slow, but
 * with room for all, and a short queue. Where calls are refused or kept waiting without it as well, or only when it is over, no
 * attempt is to blame more than others: each that was served names it. Without it, naming them is neither right nor wrong.
 */
export function plantedBy(
  trigger: CrowdTrigger | undefined,
  crowd: CrowdRuns,
  { tool, delayMs }: { tool: string; delayMs: number },
): Pick<Script, 'faults' | 'decoys'> {
  const without = new Set(trigger && [trigger.id])
  const all = attemptsAt(crowd, crowd.attempts(nothing), tool)
  const usual = attemptsAt(crowd, crowd.attempts(without), tool)
  const isRefusing = all.filter(isRefusal).length >= fewestRefusals
  const isTooSmall = usual.some((one) => isRefusal(one) || (!isRefusing && isKept(one, delayMs, anyWait)))
  const crowded = isTooSmall ? [crowdOf([...usual, ...all])] : []
  if (!trigger) return { faults: [], decoys: crowded }
  const { culprits, refused } = blameOf(trigger, all, delayMs)
  const kept = (wait: Wait) => all.filter((attempt) => isKept(attempt, delayMs, wait))
  const onsetMs = Math.min(...(isRefusing ? refused : kept(longWait)).map(({ startMs }) => startMs))
  const isOver = onsetMs > trigger.toMs && onsetMs < Infinity
  const blamed = isTooSmall || isOver ? all.filter(isServed) : [...culprits, ...inTheWay(trigger, all, onsetMs)]
  const turnedAway = new Set(crowd.turnedAway(nothing))
  // Too few were refused to tell by whom: who lost by it shows it.
  const shown = isRefusing ? [] : all.filter((attempt) => isRefusal(attempt) && turnedAway.has(attempt.call))
  const steps = [...new Set([...blamed, ...shown].map(({ key }) => key))]
  const symptoms = symptomsOf(trigger, all, steps, Infinity)
  for (const attempt of all) if (isUnderWay(attempt, trigger.fromMs)) symptoms.steps.push(attempt.key)
  const fault: ScriptFault = {
    id: trigger.id,
    kind: trigger.kind,
    entity: trigger.agent === undefined ? { tool } : { agent: `worker/${trigger.agent}` },
    magnitude: { unit: 'times', value: refused.length || kept(longWait).length },
    window: { from_ms: trigger.fromMs, to_ms: trigger.toMs },
    losesCall: crowd.lost(nothing) > crowd.lost(without),
    isHarmless: !isRefusing && turnedAway.size === 0 && kept(surely).length < surely.kept,
    steps,
    changesOutcome: true,
  }
  return { faults: [fault], decoys: [symptoms, ...crowded] }
}

/** What was refused of calls that nobody answers, and that nobody would have answered without the trigger either. */
export function refusedAnyway(
  crowd: CrowdRuns,
  { tool, out, trigger }: { tool: string; out: Out; trigger: CrowdTrigger | undefined },
): PlacedAttempt[] {
  const anyway = new Set(crowd.turnedAway(new Set([...out, ...(trigger ? [trigger.id] : [])])))
  const lost = new Set(crowd.turnedAway(out).filter((call) => anyway.has(call)))
  return attemptsAt(crowd, crowd.attempts(out), tool).filter((attempt) => isRefusal(attempt) && lost.has(attempt.call))
}

const isServed = ({ status }: PlacedAttempt) => status === 200
const isKept = ({ queuedMs }: PlacedAttempt, usualMs: number, { times, ms }: Wait) =>
  queuedMs > Math.max(times * usualMs, ms)
const isRefusal = ({ status }: PlacedAttempt) => status === 429
/** Whether an attempt had come, and was not over. */
const isUnderWay = ({ startMs, begunMs, ms }: PlacedAttempt, atMs: number) => startMs <= atMs && begunMs + ms >= atMs

/** A surge itself, whatever became of it, or whoever had the tool, or a place in its queue, when the first was refused. */
function inTheWay({ agent, id }: Trigger, attempts: readonly PlacedAttempt[], onsetMs: number): PlacedAttempt[] {
  if (agent !== undefined) return attempts.filter(({ call, key }) => call.onlyWith === id && key.endsWith('/0'))
  return attempts.filter((attempt) => isServed(attempt) && isUnderWay(attempt, onsetMs))
}

/** All that a tool served or refused. */
const crowdOf = (attempts: readonly PlacedAttempt[]): ScriptDecoy => ({
  id: 'crowd',
  kind: 'crowd',
  steps: [...new Set(attempts.flatMap((attempt) => (isServed(attempt) || isRefusal(attempt) ? attempt.key : [])))],
  isNeutral: true,
})
