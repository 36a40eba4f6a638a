import type { Random } from 'contract/random'
import type { FaultEntity } from 'contract/key'
import type { PlantedKind } from 'contract/taxonomy'
import { modelName } from '../model.ts'
import { type Draft, type DraftFault, type DraftJob, isUntouched, type Timed } from './draft.ts'
import { type Attempt, type CallStep, type ChatStep, type Figure, figure, type Job, type ScriptStep } from './script.ts'
import { neutralShare, requiredShare } from './numbers.ts'
import { between, chatMs, spread, type ToolBaseline, toolMs, usualBytes, usualChatMs } from './world.ts'

/** An agent between two steps, ms. */
const agentMs = 8
const agentSigma = 0.4

export interface CallOptions {
  tool?: ToolBaseline
  /** The same arguments as another call. */
  arguments?: string
  /** The same answer as another call, or one that says more than its version. */
  result?: string
  /** How many times the usual payload. */
  size?: number
  gapMs?: number
  action?: 'read' | 'write'
  /** What happens before the attempt that answers. */
  refused?: readonly Attempt[]
  /** How long the attempt that answers is waited for after those, ms. */
  waitMs?: number
}

/** What a call of this key is given: an id that no other has. */
export const argumentsOf = (draft: Draft, key: string, action: 'read' | 'write' = 'read') =>
  JSON.stringify({ id: draft.random.identifier(`arguments ${key}`, 12), action })

/** What a tool says: of which version its answer is, and `more`. */
export const resultOf = (draft: Draft, key: string, more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ version: draft.random.identifier(`version ${key}`, 12), ...more })

/** One of the tools. */
export const someTool = (draft: Draft, random: Random): ToolBaseline => random.pick(draft.world.tools)

/** Another tool than this one. */
export function otherTool({ world }: Draft, tool: ToolBaseline): ToolBaseline {
  return world.tools[(world.tools.indexOf(tool) + 1) % world.tools.length] as ToolBaseline
}

/** How long an agent is busy with itself before a step, ms. */
export const gapOf = (random: Random, usualMs = agentMs) => usualMs * spread(random.fork('gap'), agentSigma)

/** Adds a step to a job; the lead's own work where there is none. */
const place = (steps: ScriptStep[], step: ScriptStep) => void steps.push(step)

/** A tool call that is answered. */
export function call(draft: Draft, job: DraftJob, options: CallOptions = {}): Timed {
  const { numbers } = draft
  const key = draft.keyOf('call', job)
  const random = draft.random.fork(key)
  const tool = options.tool ?? someTool(draft, random.fork('tool'))
  const size = options.size ?? spread(random.fork('size'), numbers.sizeSigma)
  const bytes = Math.max(1, Math.round(size * usualBytes))
  const { ms, residual } = toolMs(random.fork('ms'), tool, bytes / usualBytes, numbers.sigma)
  const answer: Attempt = { waitMs: figure(options.waitMs ?? 0), ms: figure(ms), status: 200, bytes }
  const step: CallStep = {
    kind: 'call',
    key,
    gapMs: figure(options.gapMs ?? gapOf(random)),
    tool: tool.name,
    arguments: options.arguments ?? argumentsOf(draft, key, options.action),
    result: options.result ?? resultOf(draft, key),
    attempts: [...(options.refused ?? []), answer],
  }
  place(job.steps, step)
  const timed: Timed = { step, of: answer, residual, isWaited: job.beside === undefined }
  draft.timed.push(timed)
  return timed
}

/** An attempt that is refused: with 503 unless it says otherwise. */
export function refused(
  random: Random,
  { medianMs }: ToolBaseline,
  { waitMs = 0, status = 503, retryAfterS, ...when }: Partial<Omit<Attempt, 'waitMs'>> & { waitMs?: number } = {},
): Attempt {
  const ms = Math.round((medianMs * between(random, 0.05, 0.2) + 3) * 1000) / 1000
  return { ...when, waitMs: figure(waitMs), ms: figure(ms), status, retryAfterS, bytes: 0 }
}

/** A tool call that nobody answers; another with the same arguments may follow. */
export function unanswered(
  draft: Draft,
  job: DraftJob,
  options: Pick<CallOptions, 'arguments' | 'gapMs'> & { tool: ToolBaseline; attempts: readonly Attempt[] } & Pick<
      CallStep,
      'onlyWith' | 'onlyWithout'
    >,
): CallStep {
  const key = draft.keyOf('call', job)
  const step: CallStep = {
    kind: 'call',
    key,
    onlyWith: options.onlyWith,
    onlyWithout: options.onlyWithout,
    gapMs: figure(options.gapMs ?? gapOf(draft.random.fork(key))),
    tool: options.tool.name,
    arguments: options.arguments ?? argumentsOf(draft, key),
    result: resultOf(draft, key),
    attempts: options.attempts,
  }
  place(job.steps, step)
  return step
}

/** The keys of the attempts of a call that were refused, in the ledger: with this status, or any. */
export const refusalsOf = ({ key, attempts }: CallStep, refusal?: number) =>
  attempts.flatMap(({ status }, index) => (status !== 200 && status === (refusal ?? status) ? [`${key}/${index}`] : []))

/** A decoy: it fails once or twice, then a retry or another tool answers the same arguments. */
export function rescued(draft: Draft, job: DraftJob): void {
  const random = draft.random.fork(`rescued ${draft.jobs.indexOf(job)}/${job.steps.length}`)
  const tool = someTool(draft, random)
  const decoy = draft.decoy('rescued')
  const failures = Array.from({ length: random.integer(1, 2) }, (_, index) =>
    refused(random, tool, { waitMs: index === 0 ? 0 : between(random, 10, 60), onlyWith: decoy.id }),
  )
  const waitMs = between(random, 10, 60)
  if (random.chance(0.6)) {
    const { step } = call(draft, job, { tool, refused: failures, waitMs })
    decoy.steps.push(...refusalsOf(step as CallStep))
    return
  }
  const failed = unanswered(draft, job, { tool, attempts: failures, onlyWith: decoy.id })
  decoy.steps.push(failed.key)
  call(draft, job, { tool: otherTool(draft, tool), arguments: failed.arguments, gapMs: waitMs })
}

/** A fault: nobody answers these arguments, so that the outcome differs. */
export function gaveUp(draft: Draft, job: DraftJob): DraftFault {
  const random = draft.random.fork(`gave up ${draft.jobs.indexOf(job)}/${job.steps.length}`)
  const tool = someTool(draft, random)
  const fault = draft.fault({ kind: 'failed', entity: { tool: tool.name }, losesCall: true, changesOutcome: true })
  const attempts = Array.from({ length: 3 }, (_, index) =>
    refused(random, tool, { waitMs: index === 0 ? 0 : between(random, 10, 80), onlyWith: fault.id }),
  )
  const { ms } = toolMs(random.fork('ms'), tool, 1, draft.numbers.sigma)
  const answered: Attempt = {
    onlyWithout: fault.id,
    waitMs: figure(0),
    ms: figure(ms),
    status: 200,
    bytes: usualBytes,
  }
  const { key } = unanswered(draft, job, { tool, attempts: [...attempts, answered] })
  fault.steps.push(key)
  return fault
}

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
  return step.kind === 'chat' ? { model: modelName } : {}
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
  const { ms, residual } = toolMs(random, tool, size, draft.numbers.sigma)
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

/** What a conversation has come to. */
export interface Context {
  tokens: number
}

export interface ThoughtOptions {
  outputTokens?: number
  /** Nothing of the context is read from the cache while this fault is in. */
  missesCacheBy?: string | undefined
  /** The context is cut to this share first, and no cache has it. */
  keeps?: number
  asksForTool?: boolean
}

/** The model is asked, with all that was said before: the context grows, and what is known of it is read from the cache. */
export function think(
  draft: Draft,
  steps: ScriptStep[],
  context: Context,
  { outputTokens, missesCacheBy, keeps, asksForTool = true }: ThoughtOptions = {},
  job?: Job,
): Timed {
  const key = draft.keyOf('chat', job)
  const random = draft.random.fork(key)
  const output = outputTokens ?? Math.round(150 * spread(random.fork('output'), 0.7))
  const added = random.fork('added').integer(200, 1500)
  if (keeps !== undefined) context.tokens = Math.round(context.tokens * keeps)
  const known = keeps === undefined ? context.tokens : 0
  const inputTokens = context.tokens + added
  const uncached = inputTokens - known
  const { ms, residual } = chatMs(random.fork('ms'), output, uncached, draft.numbers.sigma)
  const isMissed = missesCacheBy !== undefined && known > 0
  const missedMs = (ms * usualChatMs(output, inputTokens)) / usualChatMs(output, uncached)
  const step: ChatStep = {
    kind: 'chat',
    key,
    gapMs: figure(gapOf(random)),
    ms: isMissed ? { value: Math.round(missedMs * 1000) / 1000, base: ms, by: missesCacheBy } : figure(ms),
    inputTokens,
    cachedTokens: isMissed ? { value: 0, base: known, by: missesCacheBy } : figure(known),
    outputTokens: output,
    asksForTool,
  }
  place(steps, step)
  context.tokens = inputTokens + output
  const timed: Timed = { step, of: step, residual, isWaited: true }
  draft.timed.push(timed)
  return timed
}
