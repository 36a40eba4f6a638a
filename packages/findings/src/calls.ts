import { median } from './statistics.ts'
import { type AnalysisStep, byStart, durationOf, round, withOperation } from './step.ts'

/** A call over this many times what is usual is slow. */
export const slowRule = 3
/** And one that took this many times as long as those that ran beside it. */
const besideRule = 2
/** So little more is nothing that a machine does not add by itself, ms. */
export const littleMs = 25

/** A logical tool call, whatever its attempts. */
export interface Call {
  step: AnalysisStep
  /** How long its longest attempt took, ms. */
  ms: number
  /** How long such a call usually takes, ms; Infinity where there is nothing to compare with. */
  usual_ms: number
}

/** A call as findings name it. */
export interface CallFigures {
  span_id: string
  agent_id: string | null
  tool: string
  ms: number
}

/** From so many calls of one tool on its median stands for what it usually takes. */
const enoughOfTool = 8
/** Calls that started next before a call, and after it, are looked at for what the machine did to all of them. */
const neighbours = 10
/** Fewer that ran beside a call say nothing of the machine. */
const enoughBeside = 5

/** The tool calls of a run, in order of start. */
export function callsOf(steps: readonly AnalysisStep[]): Call[] {
  const attemptsOf = Map.groupBy(withOperation(steps, 'http_client'), ({ parent_span_id }) => parent_span_id)
  const calls = byStart(steps.filter(({ operation }) => operation === 'execute_tool' || operation === 'retrieval'))
  const times = calls.map((step) => longest(attemptsOf.get(step.span_id) ?? [step]))
  const usual = usualTimes(calls, times)
  return calls.map((step, index) => ({ step, ms: times[index] as number, usual_ms: usual[index] as number }))
}

const longest = (attempts: readonly AnalysisStep[]) =>
  attempts.reduce((most, attempt) => Math.max(most, durationOf(attempt)), 0)

/** What the run asked for, where its calls say it; otherwise the median of the tool's calls, or of all where those are few. */
function usualTimes(calls: readonly AnalysisStep[], times: readonly number[]): number[] {
  const tools = calls.map(toolOf)
  const timesOf = Map.groupBy(times.keys(), (index) => tools[index] as string)
  const medians = new Map<string, number>()
  const medianOf = (tool: string) => {
    const own = timesOf.get(tool) ?? []
    const known = medians.get(tool) ?? median(own.length < enoughOfTool ? times : own.map((at) => times[at] as number))
    medians.set(tool, known)
    return known
  }
  // A latency of 0 has no multiple that a call could exceed.
  return calls.map(({ facts: { delay_ms = -1 } }, index) => {
    const usual = delay_ms >= 0 ? delay_ms : medianOf(tools[index] as string)
    return usual > 0 ? usual : Infinity
  })
}

/**
 * Calls that took over `rule` times what is usual, and over `beside` times as long, for what is usual, as those that ran beside
 * them: a busy machine makes many slow at once, and none of those stands out.
 */
export function slowCalls(calls: readonly Call[], rule = slowRule, beside = besideRule): Call[] {
  return calls.filter(({ ms, usual_ms }, index) => {
    const times = ms / usual_ms
    return times > rule && ms > usual_ms + littleMs && times > beside * usualBeside(calls, index)
  })
}

/** How many times what is usual the calls took that ran beside this one: their median. */
function usualBeside(calls: readonly Call[], at: number): number {
  const { step } = calls[at] as Call
  const beside = calls
    .slice(Math.max(0, at - neighbours), at + neighbours + 1)
    .filter((other) => other.step !== step && other.step.start_ms < step.end_ms && other.step.end_ms > step.start_ms)
  return beside.length < enoughBeside ? 0 : median(beside.map(({ ms, usual_ms }) => ms / usual_ms))
}

/** Calls that gave up. */
export function failedCalls(calls: readonly Call[]): Call[] {
  return calls.filter(({ step }) => step.failed)
}

/** What calls took beyond what is usual, ms. */
export function excessOf(calls: readonly Call[]): number {
  return calls.reduce((sum, { ms, usual_ms }) => sum + Math.max(0, ms - usual_ms), 0)
}

export function toolOf({ facts }: AnalysisStep): string {
  return facts.tool ?? facts.source ?? ''
}

export function describeCall({ step }: Call): CallFigures {
  return { span_id: step.span_id, agent_id: step.agent_id, tool: toolOf(step), ms: round(durationOf(step)) }
}

/** The spans of calls, each once. */
export function idsOf(...groups: readonly (readonly Call[])[]): string[] {
  return [...new Set(groups.flat().map(({ step }) => step.span_id))]
}

/** What a rule says of calls, beside what it looks for. */
export interface CallTrouble {
  slow: CallFigures[]
  /** Calls that gave up. */
  failed_calls: number
}

/** Calls that were slow or gave up, which every rule points at. */
export function troubleOf(calls: readonly Call[]): { slow: Call[]; ids: string[]; figures: CallTrouble } {
  const slow = slowCalls(calls)
  const failed = failedCalls(calls)
  return { slow, ids: idsOf(slow, failed), figures: { slow: slow.map(describeCall), failed_calls: failed.length } }
}
