import { fewestRefusals } from 'findings/kinds/overload'
import { attemptsAt, blameOf, type CrowdRuns, type PlacedAttempt, symptomsOf } from './crowd-script.ts'
import type { Trigger } from './crowd.ts'
import type { Out, Script, ScriptDecoy, ScriptFault } from './script.ts'

export type CrowdTrigger = Trigger & { kind: ScriptFault['kind'] }

const nothing = new Set<string>()

/**
 * What brings one tool out of balance at level 1, and who shows it. It is harmless where the tool was not overloaded: slow, but
 * with room for all. Where calls are refused without it as well, or only when it is over, no attempt is to blame more than
 * others: each that was served names it. What is refused without it is named by nobody, and naming it is not wrong.
 */
export function plantedBy(
  trigger: CrowdTrigger | undefined,
  crowd: CrowdRuns,
  { tool, delayMs }: { tool: string; delayMs: number },
): Pick<Script, 'faults' | 'decoys'> {
  const without = new Set(trigger && [trigger.id])
  const [all, usual] = [nothing, without].map((out) => attemptsAt(crowd, crowd.attempts(out), tool)) as [
    PlacedAttempt[],
    PlacedAttempt[],
  ]
  const isTooSmall = usual.some(isRefusal)
  const crowded = isTooSmall ? [crowdOf([...usual, ...all])] : []
  if (!trigger) return { faults: [], decoys: crowded }
  const { culprits, refused, onsetMs } = blameOf(trigger, all, delayMs)
  const isOver = refused.length > 0 && onsetMs > trigger.toMs
  const blamed = isTooSmall || isOver ? all.filter(isServed) : [...culprits, ...inTheWay(trigger, all, onsetMs)]
  const isOverloaded = all.filter(isRefusal).length >= fewestRefusals
  const turnedAway = new Set(crowd.turnedAway(nothing))
  // Too few were refused to tell by whom: who lost by it shows it.
  const shown = isOverloaded ? [] : all.filter((attempt) => isRefusal(attempt) && turnedAway.has(attempt.call))
  const steps = [...new Set([...blamed, ...shown].map(({ key }) => key))]
  const symptoms = symptomsOf(trigger, all, steps, Infinity)
  for (const attempt of all) if (isUnderWay(attempt, trigger.fromMs)) symptoms.steps.push(attempt.key)
  const fault: ScriptFault = {
    id: trigger.id,
    kind: trigger.kind,
    entity: trigger.agent === undefined ? { tool } : { agent: `worker/${trigger.agent}` },
    magnitude: { unit: 'times', value: refused.length },
    window: { from_ms: trigger.fromMs, to_ms: trigger.toMs },
    losesCall: crowd.lost(nothing) > crowd.lost(without),
    isHarmless: !isOverloaded && turnedAway.size === 0,
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
