import { slackKind } from './slow.ts'
import type { Draft, Drawn } from './draft.ts'
import {
  fairSigma,
  mostDraws,
  mostDrawsForAll,
  naturalOutlier,
  neutralShare,
  requiredMs,
  requiredShare,
} from './numbers.ts'
import { scheduleOf, takenMs } from './schedule.ts'
import type { Script } from './script.ts'

/** Draws one run. */
export type Generator = (drawn: Drawn) => Draft

const nothing = new Set<string>()

/**
 * Draws a run until it can be asked about: one that has faults until each of them is required and stands out of chance, after
 * some draws until one does; a control until what was planted without effect has none. What comes closest is taken in the end.
 */
export function drawScript(generate: Generator, drawn: Drawn): Script {
  let closest = { share: -1, script: undefined as Script | undefined }
  let draws = 0
  while (draws < mostDraws && closest.share < (draws < mostDrawsForAll ? 1 : smallestShare)) {
    draws++
    const draft = generate({ ...drawn, random: drawn.random.fork(`draw/${draws}`) })
    const script = scriptOf(draft, !drawn.isFaulty)
    const share = shareAsked(script, draft)
    if (share > closest.share) closest = { share, script: settled(script, draft) }
  }
  return { ...(closest.script as Script), draws }
}

/** Of faults that can be asked about: one of any number. */
const smallestShare = Number.MIN_VALUE

function scriptOf(draft: Draft, isControl: boolean): Script {
  const { lead, before, jobs, jobsWithout, compares, after, lanes, faults, decoys } = draft
  return { lead, before, jobs, jobsWithout, compares, after, lanes, faults, decoys, isControl, draws: 0 }
}

/** What the run would be shorter without this, ms. */
function savingOf(script: Script, id: string): number {
  return takenMs(script, nothing) - takenMs(script, new Set([id]))
}

/** What a saving is a share of, ms: without what people took. */
const wholeOf = (script: Script) => (script.compares ? takenMs(script, nothing) : scheduleOf(script, nothing).workMs)

/** Which share of its faults can be asked about: 0 for a script that cannot stay. */
function shareAsked(script: Script, draft: Draft): number {
  if (draft.isHopeless) return 0
  const workMs = wholeOf(script)
  const slackCosts = script.decoys.some(
    ({ id, kind }) => kind === slackKind && Math.abs(savingOf(script, id)) > neutralShare * workMs,
  )
  if (slackCosts) return 0
  if (script.isControl) return 1
  const required = script.faults.filter(
    ({ id, changesOutcome }) =>
      changesOutcome || Math.abs(savingOf(script, id)) > Math.max(requiredMs, requiredShare * workMs),
  )
  // What changes more than a time shows by that.
  const fair = required.filter(({ id, changesOutcome }) => changesOutcome || isFair(draft, id))
  return fair.length < required.length ? 0 : fair.length / script.faults.length
}

/** Whether the times that a fault changed are out of what chance makes of them; what changed no time shows by itself. */
function isFair({ timed, numbers }: Draft, fault: string): boolean {
  const changed = timed.filter(({ of }) => of.ms.by === fault)
  if (changed.length === 0) return true
  const sum = changed.reduce((sum, { of, residual }) => sum + residual + Math.log(of.ms.value / of.ms.base), 0)
  return sum / Math.sqrt(changed.length) >= fairSigma * numbers.sigma
}

/** The script with what only the whole of it tells: which decoys cost something, and what is an outlier by chance. */
function settled(script: Script, { timed }: Draft): Script {
  const workMs = wholeOf(script)
  const outliers = timed.filter(({ of, residual }) => of.ms.by === undefined && Math.exp(residual) > naturalOutlier)
  const struck = new Set(script.faults.flatMap(({ steps }) => steps))
  const decoys = script.decoys.flatMap((decoy) => {
    // What a fault struck as well names that fault.
    const steps = decoy.steps.filter((key) => !struck.has(key))
    const isNeutral = decoy.isNeutral || savingOf(script, decoy.id) > neutralShare * workMs
    return steps.length > 0 ? { ...decoy, steps, isNeutral } : []
  })
  if (outliers.length === 0) return { ...script, decoys }
  const outlier = {
    id: 'outliers',
    kind: 'outlier',
    steps: outliers.map(({ step }) => step.key),
    isNeutral: true,
  }
  return { ...script, decoys: [...decoys, outlier] }
}
