import { refusalsOf } from './calls.ts'
import { type Draft, type DraftFault, drawIndices } from './draft.ts'
import { fairSigma } from './numbers.ts'
import type { CallStep } from './script.ts'
import { between, type ToolBaseline } from './world.ts'

/** How often a faulty tool fails, how many tools do, and how often a call is tried at most: so often that some are lost. */
export const faultyTools = {
  2: { from: 0.6, to: 0.9, tools: 1, mostAttempts: 4 },
  3: { from: 0.35, to: 0.6, tools: 1, mostAttempts: 4 },
  4: { from: 0.3, to: 0.45, tools: 2, mostAttempts: 3 },
} as const

export interface FaultyTool {
  tool: ToolBaseline
  rate: number
  fault: DraftFault
  /** Whether a call of it is lost that was not without it. */
  losesCall: boolean
}

/** The tools that fail far more often than they do by themselves; of the flaky one nobody could tell. */
export function drawFaultyTools(draft: Draft): FaultyTool[] {
  const { random, world, numbers } = draft
  const { from, to, tools } = faultyTools[numbers.level]
  const own = random.fork('faulty tools')
  const steady = world.tools.filter(({ failureRate }) => failureRate < leastFlaky)
  return drawIndices(own, steady.length, tools).map((index) => {
    const tool = steady[index] as ToolBaseline
    const rate = between(own, from, to)
    const fault = draft.fault({
      kind: 'faulty_tool',
      entity: { tool: tool.name },
      magnitude: { unit: 'rate', value: rate },
      changesOutcome: true,
    })
    return { tool, rate, fault, losesCall: false }
  })
}

/**
 * A tool that fails more often is to be found where a call was lost by it and its failures stand out of chance; no other tool's
 * may. Whatever else failed of it points at it as well.
 */
export function settleTools(draft: Draft, faulty: readonly FaultyTool[]): void {
  for (const tool of draft.world.tools) {
    const calls = callsOf(draft, tool)
    const usualRate = Math.max(usualFailureRate, tool.failureRate + otherReasons)
    const found = faulty.find((each) => each.tool === tool)
    if (standsOut(calls, usualRate) !== (found !== undefined)) draft.isHopeless = true
    if (!found) continue
    const { fault, losesCall } = found
    fault.changesOutcome = losesCall
    fault.losesCall = losesCall
    fault.steps = [...new Set(calls.flatMap((call) => refusalsOf(call, 503)))]
  }
}

const callsOf = ({ jobs }: Draft, { name }: ToolBaseline): CallStep[] =>
  jobs.flatMap(({ steps }) => steps.filter((step): step is CallStep => step.kind === 'call' && step.tool === name))

/** Whether calls of a tool fail at first more often than chance makes them, at the most that a tool fails by itself. */
function standsOut(calls: readonly CallStep[], usualRate: number): boolean {
  const failed = calls.filter(({ attempts }) => attempts[0]?.status === 503).length
  const expected = calls.length * usualRate
  return failed >= 3 && failed - expected > fairSigma * Math.sqrt(expected * (1 - usualRate))
}
/** A little more than any steady tool's: some calls fail for other reasons. */
const usualFailureRate = 0.08
const otherReasons = 0.01
const leastFlaky = 0.1
