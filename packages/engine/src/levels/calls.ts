import type { Random } from 'contract/random'
import type { Draft, DraftFault, DraftJob, Timed } from './draft.ts'
import { type Attempt, type CallStep, figure } from './script.ts'
import { between, spread, type ToolBaseline, toolMs, usualBytes, usualDepth } from './world.ts'

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

/** What a plain call of this key is given: also how deep the tool is to look, so many times the usual, or by a share of its spread. */
export function deepArguments(
  draft: Draft,
  key: string,
  { action, share = 1, times }: { action?: CallOptions['action']; share?: number; times?: number } = {},
): string {
  const drawn = spread(draft.random.fork(`depth ${key}`), share * depthOfSize * draft.numbers.sizeSigma)
  const depth = Math.max(1, Math.round(usualDepth * (times ?? drawn)))
  return JSON.stringify({ ...(JSON.parse(argumentsOf(draft, key, action)) as object), depth })
}
/** Sigma of depths, as a share of that of sizes. */
const depthOfSize = 0.9

/** How many times the usual depth a call is to look; as deep as usual where it does not say. */
export function depthIn(given: string): number {
  const { depth = usualDepth } = JSON.parse(given) as { depth?: number }
  return depth / usualDepth
}

/** What a tool says: of which version its answer is, and `more`. */
export const resultOf = (draft: Draft, key: string, more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ version: draft.random.identifier(`version ${key}`, 12), ...more })

/** One of the tools. */
export const someTool = (draft: Draft, random: Random): ToolBaseline => random.pick(draft.world.tools)

export const toolNamed = ({ world }: Draft, tool: string) =>
  world.tools.find(({ name }) => name === tool) as ToolBaseline

/** Another tool than this one. */
export function otherTool({ world }: Draft, tool: ToolBaseline): ToolBaseline {
  return world.tools[(world.tools.indexOf(tool) + 1) % world.tools.length] as ToolBaseline
}

/** How long an agent is busy with itself before a step, ms. */
export const gapOf = (random: Random, usualMs = agentMs) => usualMs * spread(random.fork('gap'), agentSigma)

/** A tool call that is answered. */
export function call(draft: Draft, job: DraftJob, options: CallOptions = {}): Timed {
  const { numbers } = draft
  const key = draft.keyOf('call', job)
  const random = draft.random.fork(key)
  const tool = options.tool ?? someTool(draft, random.fork('tool'))
  const size = options.size ?? spread(random.fork('size'), numbers.sizeSigma)
  const bytes = Math.max(1, Math.round(size * usualBytes))
  const given = options.arguments ?? deepArguments(draft, key, { action: options.action })
  const asked = { size: bytes / usualBytes, depth: depthIn(given) }
  const { ms, residual } = toolMs(random.fork('ms'), tool, asked, numbers.sigma)
  const answer: Attempt = { waitMs: figure(options.waitMs ?? 0), ms: figure(ms), status: 200, bytes }
  const step: CallStep = {
    kind: 'call',
    key,
    gapMs: figure(options.gapMs ?? gapOf(random)),
    tool: tool.name,
    arguments: given,
    result: options.result ?? resultOf(draft, key),
    attempts: [...(options.refused ?? []), answer],
  }
  job.steps.push(step)
  const timed: Timed = { step, of: answer, residual, isWaited: job.beside === undefined }
  draft.timed.push(timed)
  return timed
}

/** Arguments that say how long who asks is to wait, before it asks or asks again. */
export const waitingArguments = (draft: Draft, key: string, afterS: number) =>
  JSON.stringify({ ...(JSON.parse(argumentsOf(draft, key)) as object), after_s: afterS })

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
  job.steps.push(step)
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

/** A decoy: nobody answers, and nobody needs it, as it says. */
export function optional(draft: Draft, job: DraftJob): void {
  const name = `optional ${draft.jobs.indexOf(job)}/${job.steps.length}`
  const random = draft.random.fork(name)
  const tool = someTool(draft, random)
  const given = JSON.stringify({ ...(JSON.parse(argumentsOf(draft, name)) as object), optional: true })
  const step = unanswered(draft, job, { tool, arguments: given, attempts: threeRefusals(random, tool) })
  step.isRefusalAnAnswer = true
  draft.decoy('optional').steps.push(step.key)
}

/** As often as it is tried until it is given up. */
const threeRefusals = (random: Random, tool: ToolBaseline, onlyWith?: string) =>
  Array.from({ length: 3 }, (_, index) =>
    refused(random, tool, { waitMs: index === 0 ? 0 : between(random, 10, 80), onlyWith }),
  )

/** A fault: nobody answers these arguments, so that the outcome differs. */
export function gaveUp(draft: Draft, job: DraftJob): DraftFault {
  const random = draft.random.fork(`gave up ${draft.jobs.indexOf(job)}/${job.steps.length}`)
  const tool = someTool(draft, random)
  const fault = draft.fault({ kind: 'failed', entity: { tool: tool.name }, losesCall: true, changesOutcome: true })
  const attempts = threeRefusals(random, tool, fault.id)
  const { ms } = toolMs(random.fork('ms'), tool, { size: 1 }, draft.numbers.sigma)
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
