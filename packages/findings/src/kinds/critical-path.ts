import { defineFinding, rowOf, saving } from '../finding.ts'
import { count, ms } from '../format.ts'
import * as say from '../sentence.ts'
import { walkCriticalPath } from '../critical-path.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, withOperation, workflowOf } from '../step.ts'

export interface CriticalPath extends Observed {
  total_ms: number
  /** In order of start; the exclusive times add up to the total. */
  path: { span_id: string; name: string; exclusive_ms: number }[]
  /** The branch that the join waited for; null when there are no branches. */
  bottleneck: { span_id: string; agent_id: string | null; ms: number } | null
  /** How much longer each branch could have taken without being waited for; 0 for the bottleneck. */
  branches: { span_id: string; agent_id: string | null; ms: number; slack_ms: number }[]
}

/** The critical path of a run, and the branch of its join that lies on it. */
function observe(steps: readonly AnalysisStep[]): CriticalPath {
  const root = workflowOf(steps)
  if (!root) return { span_ids: [], total_ms: 0, path: [], bottleneck: null, branches: [] }
  const exclusive = walkCriticalPath(steps, root)
  const onPath = byStart([...exclusive.keys()])
  const branches = byStart(withOperation(steps, 'invoke_agent').filter(({ facts }) => facts.worker_index !== undefined))
  const lastEnd = branches.reduce((last, { end_ms }) => Math.max(last, end_ms), -Infinity)
  const bottleneck = branches.find((branch) => exclusive.has(branch))
  const describe = ({ span_id, agent_id }: AnalysisStep, ms: number) => ({ span_id, agent_id, ms: round(ms) })
  return {
    span_ids: onPath.map(({ span_id }) => span_id),
    total_ms: round(durationOf(root)),
    path: onPath.map((step) => ({
      span_id: step.span_id,
      name: step.name,
      exclusive_ms: round(exclusive.get(step) as number),
    })),
    bottleneck: bottleneck ? describe(bottleneck, durationOf(bottleneck)) : null,
    branches: branches.map((branch) => ({
      ...describe(branch, durationOf(branch)),
      slack_ms: round(lastEnd - branch.end_ms),
    })),
  }
}

export const criticalPath = defineFinding({
  cause: { fault: 'straggler' },
  observe,
  sentence: ({ total_ms, bottleneck, branches }) => {
    if (!bottleneck) return `The run took ${say.ms(total_ms)}, and no branch was waited for`
    const slacks = branches.map(({ slack_ms }) => slack_ms).sort((a, b) => a - b)
    const next = slacks[1]
    const others = next === undefined ? 'there was no other' : `the next would have been done ${say.ms(next)} sooner`
    return `The join waited for ${bottleneck.agent_id ?? 'a branch'} (${say.ms(bottleneck.ms)} of ${say.ms(total_ms)}); ${others}`
  },
  questions: ({ bottleneck, branches }, { totalMs, table }) => {
    const named = rowOf(table, 'invoke_agent branch')
    return {
      symptom: `The request took ${ms(totalMs)}; its slowest branch alone took ${ms(bottleneck?.ms ?? 0)}.`,
      missed: `${count(branches.length, 'branch', 'branches')} share one row: mean ${ms(named?.mean_ms ?? 0)}, p95 ${ms(named?.p95_ms ?? 0)}. They ran at the same time, so neither figure says which of them the join waited for.`,
    }
  },
  without: ({ branches }, { params }) => {
    const slacks = branches.map(({ slack_ms }) => slack_ms).sort((a, b) => a - b)
    const slow = Number(params.stragglers ?? 1)
    return saving(slacks[Math.min(slow, slacks.length - 1)] ?? 0, 'how much sooner the next branch was done')
  },
  chart: (observed) => ({ shape: 'branches', observed }),
})
