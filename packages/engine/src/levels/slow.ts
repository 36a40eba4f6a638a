import type { FaultEntity } from 'contract/key'
import type { PlantedKind } from 'contract/taxonomy'
import { type Draft, type DraftFault, type Timed, isUntouched } from './draft.ts'
import { neutralShare, requiredShare } from './numbers.ts'
import { calledBy } from './schedule.ts'
import { type Figure, figure, type ScriptStep } from './script.ts'
import { between, type ToolBaseline, toolMs, usualBytes } from './world.ts'
import { depthIn, someTool } from './calls.ts'

/** How many times slower a slow step is. */
export const factorOf = (draft: Draft, what: string) =>
  between(draft.random.fork(`factor ${what}`), ...draft.numbers.factor)

export const slower = ({ base }: Figure, factor: number, by: string): Figure => ({
  value: Math.round(base * factor * 1000) / 1000,
  base,
  by,
})

/** A fault: one step is slower than its tool and its size explain. Of those that are free one is slow that the run waits for. */
export function slow(draft: Draft, free: readonly Timed[], kind: PlantedKind): DraftFault {
  const value = factorOf(draft, `${kind}/${draft.faults.length}`)
  const fault = draft.fault({ kind, entity: {}, magnitude: { unit: 'factor', value } })
  const hidden = free.filter((timed) => value * timesMedian(draft, timed) <= draft.numbers.furthest)
  const struck = makeSlower(draft, hidden.length > 0 ? hidden : free, value, fault.id, isRequired)
  if (!struck) return fault
  fault.entity = entityOf(struck.step)
  fault.steps.push(struck.step.key)
  return fault
}

/** How many times the median of its tool a call takes; of what is no call it is not asked. */
function timesMedian({ world }: Draft, { step, of }: Timed): number {
  const tool = step.kind === 'call' && world.tools.find(({ name }) => name === step.tool)
  return tool ? of.ms.base / tool.medianMs : 0
}

/** So many steps are tried for one that has the effect that is asked for. */
const mostTried = 12

/** Does it to the first of these with which it has this effect on the run; to the last that was tried where with none. */
export function doToOne<T>(
  draft: Draft,
  candidates: readonly T[],
  { by, change, hasEffect }: { by: string; change: (one: T) => () => void; hasEffect: (saving: number) => boolean },
): T | undefined {
  const tried = candidates.slice(0, mostTried)
  for (const one of tried) {
    const undo = change(one)
    if (one === tried.at(-1) || hasEffect(draft.savingOf(by))) return one
    undo()
  }
  draft.isHopeless = true
  return undefined
}

/** Of what is to be found, and of what is to cost nothing. */
export const isRequired = (saving: number) => saving > requiredShare
export const isNothing = (saving: number) => Math.abs(saving) <= neutralShare

function makeSlower(draft: Draft, free: readonly Timed[], factor: number, by: string, hasEffect: typeof isRequired) {
  const change = ({ of }: Timed) => {
    const { ms } = of
    of.ms = slower(ms, factor, by)
    return () => void (of.ms = ms)
  }
  return doToOne(draft, free, { by, change, hasEffect })
}

/** Keeps the agent of one of these steps busy with itself before it, for so long, ms. */
export function delay(draft: Draft, free: readonly ScriptStep[], ms: number, by: string, hasEffect: typeof isRequired) {
  const change = (step: ScriptStep) => {
    const { gapMs } = step
    step.gapMs = { value: ms, base: gapMs.base, by }
    return () => void (step.gapMs = gapMs)
  }
  return doToOne(draft, free, { by, change, hasEffect })
}

/** What a fault of a step is a fault of. */
export function entityOf(step: ScriptStep): FaultEntity {
  if (step.kind === 'call') return { tool: step.tool }
  if (step.kind === 'chunk') return { shard: step.source }
  if (step.kind === 'stream') return { model: step.model }
  return step.kind === 'chat' ? { model: calledBy(step) } : {}
}

/** A fault: a tool is slower from some moment on. Any of its calls from then on names it. */
export function drift(draft: Draft, kind: PlantedKind = 'tool_slow', least = 5): void {
  const random = draft.random.fork('drift')
  const tool = someTool(draft, random)
  const calls = draft.timed.filter(
    (timed) => timed.isWaited && timed.step.kind === 'call' && timed.step.tool === tool.name,
  )
  const slowed = calls.slice(random.integer(0, Math.floor(calls.length / 2))).filter(isUntouched)
  if (slowed.length < least) {
    draft.isHopeless = true
    return
  }
  const value = between(random, 2.2, 4)
  const fault = draft.fault({ kind, entity: { tool: tool.name }, magnitude: { unit: 'factor', value } })
  for (const { step, of } of slowed) {
    fault.steps.push(step.key)
    of.ms = slower(of.ms, value, fault.id)
  }
}

/** A decoy: a payload that explains its time. */
export function big(draft: Draft): void {
  const timed = draft.some('big')
  if (!timed) return
  const { step, of } = timed
  const random = draft.random.fork('big')
  const tool = draft.world.tools.find(({ name }) => step.kind === 'call' && name === step.tool) as ToolBaseline
  const size = between(random, 4, 9)
  const depth = step.kind === 'call' ? depthIn(step.arguments) : 1
  const { ms, residual } = toolMs(random, tool, { size, depth }, draft.numbers.sigma)
  of.bytes = Math.round(size * usualBytes)
  of.ms = figure(ms)
  timed.residual = residual
  draft.decoy('big payload').steps.push(step.key)
}

/** A decoy without a verdict: a slow step that nothing waits for, so that it costs nothing. A run where it does is drawn anew. */
export function slack(draft: Draft, free = draft.free('slack', ['call', 'chunk']), isUnseen = isNothing): void {
  const decoy = draft.decoy(slackKind, true)
  const struck = makeSlower(draft, free, factorOf(draft, 'slack'), decoy.id, isUnseen)
  if (struck) decoy.steps.push(struck.step.key)
}
export const slackKind = 'slack'
