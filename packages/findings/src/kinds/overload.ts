import { toolAttempts, type ToolAttempt } from '../attempts.ts'
import { defineFinding } from '../finding.ts'
import { count, percent, whole } from '../format.ts'
import { rowOf } from '../finding.ts'
import * as say from '../sentence.ts'
import { countUpTo } from '../sorted.ts'
import { median } from '../statistics.ts'
import { type AnalysisStep, type Observed, round, workflowOf } from '../step.ts'

/** What brought a tool out of balance. */
export interface Trigger {
  kind: 'surge' | 'capacity_loss' | 'slow_service'
  /** Who sent more than before; null where the tool did less. */
  agent_id: string | null
}

/** A part of the run: the calls that came, and what became of the attempts that did. */
export interface LoadBin {
  /** Since the run began, ms. */
  at_ms: number
  attempts: number
  refused: number
}

export interface Overload extends Observed {
  calls: number
  attempts: number
  /** Attempts for each call. */
  amplification: number
  refused: number
  /** Attempts that waited for their turn over three times as long as the tool usually works, as far as answers say it. */
  kept_waiting: number
  gave_up: number
  /** Attempts that failed by themselves, in a run that was asked for such. */
  failed_attempts: number
  /** The tool that refused, or kept waiting; null where none did, or too seldom to be one. */
  tool: string | null
  /** What shows that it did, and how many of its attempts that befell. */
  signs: { of: 'refused' | 'kept_waiting'; attempts: number } | null
  trigger: Trigger | null
  /** From the first that was refused, or else kept waiting, to the last, ms since the run began. */
  window: { from_ms: number; to_ms: number } | null
  /** When the last call of these was over, ms since the run began. */
  recovered_ms: number | null
  bins: LoadBin[]
}

/** Fewer refusals are no overload, nor are fewer attempts that were kept waiting. */
export const fewestRefusals = 4
/** So long for its turn an attempt is kept waiting: so many times what is usual, and longer than a busy network takes, ms. */
export const longWait = { times: 3, ms: 100 }
const binsOfRun = 40
/** Attempts that are looked at for what the tool did when it first refused, or kept waiting. */
const firstSigns = 12
/** A tool that then does less than this share of what it does at most has lost capacity. */
const lostShare = 0.7
/** So many that it began with last, of those that had it when it was first overloaded, came when it surely did. */
const lastBegun = 2
/** Whether two are at work at a time is not known of this share of the time of each. */
const doubtful = 0.1
/** A service that takes so many times longer is slow. */
const slowRule = 1.5

/** A tool that refused what came, or kept it waiting, when that was, and what had changed before. */
function observe(steps: readonly AnalysisStep[]): Overload {
  const attempts = toolAttempts(steps)
  const calls = new Set(attempts.map(({ call }) => call))
  const refusals = attempts.filter(({ isRefused }) => isRefused)
  const kept = keptWaiting(attempts)
  const refusing = mostOfATool(refusals)
  const refuses = refusing.length >= fewestRefusals
  const own = refuses ? refusing : mostOfATool(kept)
  const tool = own[0]?.tool
  const failed = [...calls].filter((call) => call.failed).map(({ span_id }) => span_id)
  const failures = attempts.filter(failsAsAsked)
  const troubled = [...failures.map(({ span_id }) => span_id), ...failed]
  const startMs = workflowOf(steps)?.start_ms ?? attempts[0]?.start_ms ?? 0
  const common = {
    calls: calls.size,
    attempts: attempts.length,
    amplification: calls.size > 0 ? round(attempts.length / calls.size) : 0,
    refused: refusals.length,
    kept_waiting: kept.length,
    gave_up: failed.length,
    failed_attempts: failures.length,
    bins: binsOf(attempts, startMs),
  }
  if (tool === undefined || own.length < fewestRefusals)
    return { span_ids: troubled, ...common, tool: null, signs: null, trigger: null, window: null, recovered_ms: null }
  const { trigger, culprits } = triggerOf(
    attempts.filter((attempt) => attempt.tool === tool),
    own,
  )
  const again = new Set(own.map(({ call }) => call))
  const lastMs = [...again].reduce((latest, { end_ms }) => Math.max(latest, end_ms), 0)
  return {
    span_ids: [...culprits.map(({ span_id }) => span_id), ...troubled],
    ...common,
    tool,
    signs: { of: refuses ? 'refused' : 'kept_waiting', attempts: own.length },
    trigger,
    window: { from_ms: round(at(own[0]) - startMs), to_ms: round(at(own.at(-1)) - startMs) },
    recovered_ms: round(lastMs - startMs),
  }
}

/**
 * An attempt that failed by itself in a run that was asked for such (`ati.tool.error_rate`): that one came again, and was answered
 * then, cost time too. Of a run that was not, a failure now and then is what tools do.
 */
const failsAsAsked = ({ status, call: { facts } }: ToolAttempt) =>
  status !== null && status >= 500 && (facts.error_rate ?? 0) > 0

/** Those of the tool that has most of them. */
function mostOfATool(attempts: readonly ToolAttempt[]): readonly ToolAttempt[] {
  const byTool = Map.groupBy(attempts, ({ tool }) => tool).values()
  return byTool.reduce<readonly ToolAttempt[]>((most, each) => (each.length > most.length ? each : most), [])
}

function keptWaiting(attempts: readonly ToolAttempt[]): ToolAttempt[] {
  const usual = new Map(
    Map.groupBy(attempts, ({ tool }) => tool)
      .entries()
      .map(([tool, own]) => [tool, usualOf(own, own.filter(isServed))]),
  )
  return attempts.filter(({ tool, start_ms, begun_ms }) => {
    const least = Math.max(longWait.times * (usual.get(tool) ?? 0), longWait.ms)
    return begun_ms - start_ms > least
  })
}

const isServed = ({ status }: ToolAttempt) => status === 200
const worked = ({ begun_ms, end_ms }: ToolAttempt) => end_ms - begun_ms

/** How long a tool usually works, ms: what its run was asked for, or else the median of `apart`. */
const usualOf = (attempts: readonly ToolAttempt[], apart: readonly ToolAttempt[]) =>
  attempts[0]?.call.facts.delay_ms || median(apart.map(worked))

const at = (attempt: ToolAttempt | undefined) => attempt?.start_ms ?? 0

/** What had changed when a tool first was overloaded, and the attempts that show it. `attempts` and `signs` of it are the tool's, in order. */
function triggerOf(
  attempts: readonly ToolAttempt[],
  signs: readonly ToolAttempt[],
): { trigger: Trigger; culprits: ToolAttempt[] } {
  const [onsetMs, lastMs] = [at(signs[0]), at(signs.at(-1))]
  const served = attempts.filter(isServed)
  const apart = served.filter(({ end_ms }) => end_ms < onsetMs || end_ms > lastMs)
  const usualMs = usualOf(attempts, apart)
  const during = served.filter(({ begun_ms }) => Math.abs(begun_ms - onsetMs) < usualMs)
  if (median(during.map(worked)) > slowRule * usualMs)
    return {
      trigger: { kind: 'slow_service', agent_id: null },
      culprits: during.filter((one) => worked(one) > slowRule * usualMs),
    }
  const busyAt = atWork(served)
  // The next begins when one ends, as far as clocks and rounded times can tell: for so short a while they are not two.
  const surelyAt = atWork(
    served.map(({ begun_ms, end_ms }) => ({ begun_ms, end_ms: end_ms - doubtful * (end_ms - begun_ms) })),
  )
  const most = served.reduce((most, { begun_ms }) => Math.max(most, surelyAt(begun_ms)), 0)
  const busy = median(signs.slice(0, firstSigns).map(({ start_ms }) => busyAt(start_ms)))
  const holding = served
    .filter(({ begun_ms, end_ms }) => begun_ms <= onsetMs && end_ms >= onsetMs)
    .toSorted((a, b) => a.begun_ms - b.begun_ms)
    .slice(-lastBegun)
  if (busy <= lostShare * most) return { trigger: { kind: 'capacity_loss', agent_id: null }, culprits: holding }
  const { agent_id, going } = surgeOf(attempts, onsetMs)
  const had = going.filter(isServed)
  return {
    trigger: { kind: 'surge', agent_id },
    // The latest of them came when it was surely under way.
    culprits: had.length > 0 ? had.slice(-Math.ceil(had.length / 2)) : [...going, ...holding],
  }
}

/** How many of these were being done at a time: those that had begun, less those that had ended. */
export function atWork(served: readonly Pick<ToolAttempt, 'begun_ms' | 'end_ms'>[]): (time: number) => number {
  // What took no time, or less by a clock that was set, was never at work.
  const lasting = served.filter(({ begun_ms, end_ms }) => begun_ms < end_ms)
  const begins = Float64Array.from(lasting, ({ begun_ms }) => begun_ms).sort()
  const ends = Float64Array.from(lasting, ({ end_ms }) => end_ms).sort()
  return (time) => countUpTo(begins, time) - countUpTo(ends, time)
}

/** How far back it is looked for who sent more than before, as a share of the time before it was first overloaded. */
const lately = 0.4

/** Whose first attempts came so much more often lately, and those that were not over when it was first overloaded. */
function surgeOf(attempts: readonly ToolAttempt[], onsetMs: number) {
  const beginMs = at(attempts[0])
  const sinceMs = onsetMs - lately * (onsetMs - beginMs)
  const firsts = attempts.filter(({ number, start_ms }) => number === 0 && start_ms <= onsetMs)
  const more = [...Map.groupBy(firsts, ({ agent_id }) => agent_id)].map(([agent_id, own]) => {
    const recent = own.filter(({ start_ms }) => start_ms > sinceMs)
    const rise = recent.length / lately - (own.length - recent.length) / (1 - lately)
    return { agent_id, recent, rise }
  })
  const [most] = more.toSorted((a, b) => b.rise - a.rise)
  const going = (most?.recent ?? []).filter(
    ({ end_ms, status, isRefused }) => end_ms >= onsetMs && (status === 200 || isRefused),
  )
  return { agent_id: most?.agent_id ?? null, going }
}

function binsOf(attempts: readonly ToolAttempt[], startMs: number): LoadBin[] {
  const endMs = attempts.reduce((latest, { start_ms }) => Math.max(latest, start_ms), startMs)
  const width = Math.max(1, (endMs - startMs) / binsOfRun)
  const bins = Array.from({ length: Math.floor((endMs - startMs) / width) + 1 }, (_, index) => ({
    at_ms: round(index * width),
    attempts: 0,
    refused: 0,
  }))
  for (const { start_ms, isRefused } of attempts) {
    const bin = bins[Math.max(0, Math.floor((start_ms - startMs) / width))]
    if (!bin) continue
    bin.attempts++
    if (isRefused) bin.refused++
  }
  return attempts.length > 0 ? bins : []
}

const because = ({ kind, agent_id }: Trigger): string =>
  kind === 'surge'
    ? `${agent_id ?? 'one agent'} had begun to send far more`
    : kind === 'capacity_loss'
      ? 'it had begun to do fewer at a time'
      : 'it had begun to take longer for each'

export const overload = defineFinding({
  cause: { remedy: { changes: { trigger: 'none' }, label: 'nothing that overloads the tool' } },
  observe,
  sentence: ({ calls, attempts, amplification, gave_up, failed_attempts, ...found }) => {
    const { tool, signs, trigger, window, recovered_ms } = found
    const all = `${say.count(calls, 'call')} took ${say.count(attempts, 'attempt')} (× ${amplification})`
    const failed =
      failed_attempts === 0 ? '' : `; ${say.count(failed_attempts, 'attempt')} failed without being refused`
    if (!tool || !signs || !trigger || !window || recovered_ms === null)
      return `${all}: no tool was overloaded${failed}`
    const when = `from ${say.ms(window.from_ms)} to ${say.ms(window.to_ms)}`
    const lost = gave_up === 0 ? 'none' : String(gave_up)
    const own = say.count(signs.attempts, 'attempt')
    const did = signs.of === 'refused' ? `refused ${own}` : `kept ${own} waiting`
    return `${all} and ${lost} gave up; ${tool} ${did} ${when}, after ${because(trigger)}, and all was answered again at ${say.ms(recovered_ms)}${failed}`
  },
  questions: ({ calls, attempts, refused, gave_up }, { table }) => {
    const requests = rowOf(table, 'GET')
    const extra = calls > 0 ? attempts / calls - 1 : 0
    return {
      symptom: `${count(calls, 'call')} sent ${count(attempts, 'request')}, ${percent(extra)} more than was asked for, and ${gave_up === 0 ? 'no call' : count(gave_up, 'call')} gave up.`,
      missed: `The table has ${count(requests?.count ?? attempts, 'GET')} with ${percent(requests?.error_rate ?? 0)} errors: ${whole(refused)} refusals look like a tool that fails, and nothing says who came first, or that most of the load was those who came again.`,
    }
  },
  // The run ends when the last call has come; it is calls that take longer.
  without: () => null,
  chart: (observed) => ({ shape: 'load', observed }),
})
