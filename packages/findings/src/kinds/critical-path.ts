import { defineFinding, rowOf, saving } from '../finding.ts'
import { count, ms } from '../format.ts'
import { type CallFigures, callsOf, describeCall, failedCalls, idsOf, slowCalls } from '../calls.ts'
import * as say from '../sentence.ts'
import { walkCriticalPath } from '../critical-path.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, withOperation, workflowOf } from '../step.ts'

/**
 * A call that was waited for is slow over this many times what is usual, and over this many times what those beside it took: it
 * is one of few, and one branch is always the last.
 */
const waitedRule = { usual: 2, beside: 1.5 }

export interface CriticalPath extends Observed {
  total_ms: number
  /** In order of start; the exclusive times add up to the total. */
  path: { span_id: string; name: string; exclusive_ms: number }[]
  /** The branch that the join waited for; null when there are no branches. */
  bottleneck: { span_id: string; agent_id: string | null; ms: number } | null
  /** How much longer each branch could have taken without being waited for; 0 for the bottleneck. */
  branches: { span_id: string; agent_id: string | null; ms: number; slack_ms: number }[]
  /** Calls that were waited for and are slow: what `span_ids` points at, with calls that failed. */
  slow: CallFigures[]
  failed_calls: number
  /** How much sooner the last branch without a slow call was done, ms. */
  saving_ms: number
}

/** The critical path of a run, the branch of its join that lies on it, and whether that one is to blame: slow calls with slack are not. */
function observe(steps: readonly AnalysisStep[]): CriticalPath {
  const calls = callsOf(steps)
  const root = workflowOf(steps)
  const exclusive = root ? walkCriticalPath(steps, root) : new Map<AnalysisStep, number>()
  const branches = byStart(withOperation(steps, 'invoke_agent').filter(({ facts }) => facts.worker_index !== undefined))
  const lastEnd = branches.reduce((last, { end_ms }) => Math.max(last, end_ms), -Infinity)
  const bottleneck = branches.find((branch) => exclusive.has(branch))
  const describe = (step: AnalysisStep) => ({
    span_id: step.span_id,
    agent_id: step.agent_id,
    ms: round(durationOf(step)),
  })
  const allSlow = slowCalls(calls, waitedRule.usual, waitedRule.beside)
  const slow = allSlow.filter(({ step }) => exclusive.has(step))
  const failed = failedCalls(calls)
  const slowBranches = new Set(allSlow.map(({ step }) => step.parent_span_id))
  const isSlow = bottleneck !== undefined && slowBranches.has(bottleneck.span_id)
  const nextEnd = branches.reduce(
    (last, { span_id, end_ms }) => (slowBranches.has(span_id) ? last : Math.max(last, end_ms)),
    -Infinity,
  )
  return {
    span_ids: idsOf(slow, failed),
    total_ms: root ? round(durationOf(root)) : 0,
    path: byStart([...exclusive.keys()]).map((step) => ({
      span_id: step.span_id,
      name: step.name,
      exclusive_ms: round(exclusive.get(step) as number),
    })),
    bottleneck: bottleneck ? describe(bottleneck) : null,
    branches: branches.map((branch) => ({ ...describe(branch), slack_ms: round(lastEnd - branch.end_ms) })),
    slow: slow.map(describeCall),
    failed_calls: failed.length,
    saving_ms: isSlow && nextEnd > -Infinity ? round(lastEnd - nextEnd) : 0,
  }
}

export const criticalPath = defineFinding({
  cause: { fault: 'straggler' },
  observe,
  sentence: ({ total_ms, bottleneck, branches, slow, failed_calls }) => {
    const failed = say.failed(failed_calls)
    if (!bottleneck) return `The run took ${say.ms(total_ms)}, and no branch was waited for${failed}`
    const slacks = branches.map(({ slack_ms }) => slack_ms).sort((a, b) => a - b)
    const next = slacks[1]
    const others = next === undefined ? 'there was no other' : `the next would have been done ${say.ms(next)} sooner`
    const verdict = slow.length === 0 ? ', and no call that was waited for was slow' : ''
    return `The join waited for ${bottleneck.agent_id ?? 'a branch'} (${say.ms(bottleneck.ms)} of ${say.ms(total_ms)}); ${others}${verdict}${failed}`
  },
  questions: ({ bottleneck, branches }, { totalMs, table }) => {
    const named = rowOf(table, 'invoke_agent branch')
    return {
      symptom: `The request took ${ms(totalMs)}; its slowest branch alone took ${ms(bottleneck?.ms ?? 0)}.`,
      missed: `${count(branches.length, 'branch', 'branches')} share one row: mean ${ms(named?.mean_ms ?? 0)}, p95 ${ms(named?.p95_ms ?? 0)}. They ran at the same time, so neither figure says which of them the join waited for.`,
    }
  },
  without: ({ saving_ms }) => saving(saving_ms, 'how much sooner the last branch without a slow call was done'),
  chart: (observed) => ({ shape: 'branches', observed }),
})
