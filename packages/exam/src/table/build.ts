import type { Step, Streamed, Table } from './table.ts'
import { type Job, jobsOf, mostAtOnce, waitsOf } from './jobs.ts'
import { type Row, rowsOf } from './rows.ts'
import { type ExamSpan, goneOn, type TakenElsewhere, treeOf } from './span.ts'

/** Reads a trace as a table of steps: nothing is in it but what spans say; those of other traces say who took over, and how it goes on. */
export function tableOf(traceId: string, spans: readonly ExamSpan[], elsewhere: readonly TakenElsewhere[] = []): Table {
  const tree = treeOf(goneOn(spans, elsewhere))
  const jobs = jobsOf(tree, rowsOf(tree, elsewhere))
  const waited = jobs.filter(({ isBeside }) => !isBeside)
  const after = waitsOf(tree, waited)
  const hasLinks = waited.some(({ agent }) => (agent?.links.length ?? 0) > 0)
  const indexOf = new Map(waited.entries().map(([index, job]) => [job, index]))
  const steps = jobs.flatMap((job) => {
    const index = indexOf.get(job)
    const ready = index === undefined ? undefined : readyOf(job, after[index] ?? [], waited, hasLinks)
    return stepsOf(job, index ?? -1, ready)
  })
  return {
    trace_id: traceId,
    steps,
    after,
    lanes: hasLinks ? waited.length : mostAtOnce(waited),
    streamed: streamedIn(spans),
  }
}

/**
 * When a job could have begun: when its agent did that before, where others keep it from beginning; else with its agent where
 * lanes are few, or with the last that it waited for.
 */
function readyOf(job: Job, before: readonly number[], jobs: readonly Job[], hasLinks: boolean): number {
  const { agent, start_ms, isConcurrent } = job
  const own = isConcurrent ? jobs.filter((other) => other.agent === agent && other.end_ms <= start_ms) : []
  const ends = [...before.flatMap((index) => jobs[index] ?? []), ...own].map(({ end_ms }) => end_ms)
  const latest = Math.max(...ends, -Infinity)
  const isOfLane = agent !== undefined && !hasLinks && agent.start_ms >= latest
  return isOfLane || ends.length === 0 ? (agent?.start_ms ?? start_ms) : latest
}

function stepsOf({ rows }: Job, job: number, ready: number | undefined): Step[] {
  const asked = new Map<string, number>()
  let before: Row | undefined
  return rows.map((row) => {
    const { step } = row
    const from = before ? before.step.start_ms + before.step.ms : (ready ?? step.start_ms)
    const asked_ms = Math.max(before?.asksFor ?? 0, asked.get(step.args) ?? 0)
    before = row
    if (step.args !== '') asked.set(step.args, row.asksFor)
    return { ...step, job, gap_ms: Math.max(0, step.start_ms - from), asked_ms }
  })
}

/** What a streamed answer says of its tokens, from its first on; times from its start. */
function streamedIn(spans: readonly ExamSpan[]): Streamed | undefined {
  const isFirst = ({ name }: ExamSpan['events'][number]) => name === 'first_token'
  const span = spans.find(({ operation, events }) => operation === 'chat' && events.some(isFirst))
  const [first, ...later] = span?.events.slice(span.events.findIndex(isFirst)) ?? []
  if (!span || !first) return undefined
  const { span_id, start_ms } = span
  const marks = later.flatMap(({ time_ms, tokens }) =>
    tokens === undefined ? [] : [{ ms: time_ms - start_ms, tokens }],
  )
  return { span_id, marks: [{ ms: first.time_ms - start_ms, tokens: first.tokens ?? 0 }, ...marks] }
}
