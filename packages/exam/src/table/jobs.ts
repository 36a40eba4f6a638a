import type { Row } from './rows.ts'
import { agentAbove, type ExamSpan, type Tree } from './span.ts'

/** Rows of one agent that are done one after another. */
export interface Job {
  agent: ExamSpan | undefined
  rows: Row[]
  start_ms: number
  end_ms: number
  /** The agent does others at the same time. */
  isConcurrent: boolean
  /** Others go on beside it, and nobody waits for it. */
  isBeside: boolean
}

interface Extent {
  start_ms: number
  end_ms: number
}

const endOf = ({ step: { start_ms, ms } }: Row) => start_ms + ms

/**
 * The jobs of a trace, in order of start: what each agent does, cut where it waited for agents below it. What an agent does at
 * the same time is a job each. An agent beside which others go on keeps nobody waiting.
 */
export function jobsOf(tree: Tree, rows: readonly Row[]): Job[] {
  const byAgent = Map.groupBy(rows, ({ span }) => agentAbove(tree, span))
  const agents = tree.spans.filter(({ operation }) => operation === 'invoke_agent')
  const below = Map.groupBy(agents, (agent) => agentAbove(tree, agent))
  const jobs = [...byAgent].flatMap(([agent, own]) => {
    const above = agent && agentAbove(tree, agent)
    const isBeside = agent !== undefined && goesOnBeside(agent, byAgent.get(above) ?? [], below.get(above) ?? [])
    const kinds = overlapping(own)
    const concurrent = attempted(own.filter(({ step }) => kinds.has(step.kind))).map((rows) =>
      jobFrom(agent, rows, { isConcurrent: true, isBeside }),
    )
    const others = [...(below.get(agent) ?? []), ...concurrent]
    const sequential = pieces(
      own.filter(({ step }) => !kinds.has(step.kind)),
      others,
    ).map((rows) => jobFrom(agent, rows, { isConcurrent: false, isBeside }))
    return [...sequential, ...concurrent]
  })
  return jobs.toSorted((a, b) => a.start_ms - b.start_ms || a.end_ms - b.end_ms)
}

/**
 * Whether others go on while an agent works: the one above it begins something, or one of those whom most of the work was
 * handed to had begun and is not what it waits for.
 */
function goesOnBeside(agent: ExamSpan, above: readonly Row[], siblings: readonly ExamSpan[]): boolean {
  const names = [...Map.groupBy(siblings, ({ facts }) => facts.agent)]
  const [main] = names.reduce((most, each) => (each[1].length > most[1].length ? each : most))
  return (
    above.some(({ step: { start_ms } }) => start_ms >= agent.start_ms && start_ms < agent.end_ms) ||
    (agent.facts.agent !== main &&
      siblings.some(
        ({ facts, start_ms, end_ms }) => facts.agent === main && start_ms <= agent.start_ms && end_ms > agent.start_ms,
      ))
  )
}

/** Kinds of rows, in order of start, of which one began before another had ended. */
function overlapping(rows: readonly Row[]): ReadonlySet<string> {
  const kinds = new Set<string>()
  const ends = new Map<string, number>()
  for (const row of rows) {
    const { kind, start_ms } = row.step
    const end = ends.get(kind) ?? -Infinity
    if (start_ms < end) kinds.add(kind)
    ends.set(kind, Math.max(end, endOf(row)))
  }
  return kinds
}

/** What failed, and was tried again, goes with its next try. */
function attempted(rows: readonly Row[]): Row[][] {
  const groups: Row[][] = []
  const open = new Map<string, Row[]>()
  for (const row of rows) {
    const { args, failure } = row.step
    const group = open.get(args) ?? []
    if (group.length === 0) groups.push(group)
    group.push(row)
    if (failure !== null) open.set(args, group)
    else open.delete(args)
  }
  return groups
}

/** Cut between two rows where something else began and ended. */
function pieces(rows: readonly Row[], others: readonly Extent[]): Row[][] {
  const cut: Row[][] = []
  for (const row of rows) {
    const last = cut.at(-1)?.at(-1)
    const from = last ? endOf(last) : -Infinity
    const isAfterOthers = others.some(({ start_ms, end_ms }) => start_ms >= from && end_ms <= row.step.start_ms)
    if (!last || isAfterOthers) cut.push([row])
    else cut.at(-1)?.push(row)
  }
  return cut
}

function jobFrom(agent: ExamSpan | undefined, rows: Row[], how: Pick<Job, 'isConcurrent' | 'isBeside'>): Job {
  const starts = rows.map(({ step }) => step.start_ms)
  return { agent, rows, start_ms: Math.min(...starts), end_ms: Math.max(...rows.map(endOf)), ...how }
}

/** The jobs that each of these waited for, by what they link to and by what lies around them. */
export function waitsOf(tree: Tree, jobs: readonly Job[]): number[][] {
  const indices = new Map(jobs.entries().map(([index, job]) => [job, index]))
  const ofAgent = Map.groupBy(jobs, ({ agent }) => agent)
  const sequentialOf = (agent: ExamSpan | undefined, endedBy: number) =>
    ofAgent.get(agent)?.findLast(({ isConcurrent, end_ms }) => !isConcurrent && end_ms <= endedBy)
  return jobs.map((job) => {
    const { agent, start_ms, isConcurrent } = job
    const before = sequentialOf(agent, start_ms)
    const begunBy = before ?? (agent && sequentialOf(agentAbove(tree, agent), start_ms))
    // It goes on when all are back whom it had called since.
    const called = jobs.filter(
      (other) =>
        !isConcurrent &&
        other !== job &&
        (other.agent === agent ? other.isConcurrent : other.agent !== undefined && isBelow(tree, other.agent, agent)) &&
        other.start_ms >= (before?.end_ms ?? -Infinity) &&
        other.end_ms <= start_ms,
    )
    const linked = linksOf(tree, job).flatMap((id) => ofAgent.get(ownerOf(tree, id))?.at(-1) ?? [])
    const all = [...(begunBy ? [begunBy] : []), ...called, ...linked].map((each) => indices.get(each) as number)
    return [...new Set(all)].filter((index) => index < (indices.get(job) as number))
  })
}

const linksOf = ({ byId }: Tree, { agent, rows }: Job) => [
  ...(agent?.links ?? []),
  ...rows.flatMap(({ span }) => byId.get(span.span_id)?.links ?? []),
]

function ownerOf(tree: Tree, id: string): ExamSpan | undefined {
  const span = tree.byId.get(id)
  return span?.operation === 'invoke_agent' ? span : span && agentAbove(tree, span)
}

function isBelow(tree: Tree, agent: ExamSpan, above: ExamSpan | undefined): boolean {
  for (let at = agentAbove(tree, agent); ; at = agentAbove(tree, at)) {
    if (at === above) return true
    if (at === undefined) return false
  }
}

/** How many of these ran at the same time at most. */
export function mostAtOnce(jobs: readonly Extent[]): number {
  const edges = jobs
    .flatMap(({ start_ms, end_ms }) => [
      { at: start_ms, step: 1 },
      { at: end_ms, step: -1 },
    ])
    .toSorted((a, b) => a.at - b.at || a.step - b.step)
  let [now, most] = [0, 1]
  for (const { step } of edges) {
    now += step
    most = Math.max(most, now)
  }
  return most
}
