import type { Key as RunKey } from 'contract/key'
import type { QuestionKey, TraceKey } from './key.ts'
import { isoWindow, nothing, type Question, subjectOf } from './question.ts'

/** What is known of a run when an exam is made of it. */
export interface Known {
  scenario: string
  key: RunKey
  /** How much longer it took than with nothing planted, ms. */
  costMs: number
  /** When it began, an epoch time in ms. */
  start_ms: number
  /** The agents that did these spans: their ids on spans, and whether it is the one that the others work for. */
  agentsOf: (spanIds: readonly string[]) => { id: string; isLead: boolean }[]
}

/** The line of a trace in key.jsonl. */
export function traceKeyOf(known: Omit<Known, 'start_ms'>): TraceKey {
  const { scenario, key } = known
  return {
    trace_id: key.trace_id,
    scenario,
    level: key.level,
    verdict: key.verdict,
    faults: key.faults.flatMap((fault) => {
      const { id, kind, category, standing, accepted, impact } = fault
      if (standing === 'neutral') return []
      return { id, kind, category, standing, accepted, entity: namesOf(fault, known), impact: impactOf(impact) }
    }),
    neutral: key.neutral,
    ...(key.disturbed && { disturbed: true }),
  }
}

const impactOf = (impact: RunKey['faults'][number]['impact']) =>
  impact && { ms: impact.ms, alone_ms: impact.alone_ms, share: impact.share, tokens: impact.tokens }

/** An agent is told by its id: what many are called is no answer. Nor is the lead, which is in every run, where another is. */
function namesOf(
  { entity: { tool, model, shard, agent }, accepted }: Fault,
  { agentsOf }: Pick<Known, 'agentsOf'>,
): string[] {
  const names = [tool, model, shard].filter((name) => name !== undefined)
  const agents = agent === undefined ? [] : agentsOf(accepted.flat())
  const others = agents.filter(({ isLead }) => !isLead)
  const blamed = names.length > 0 || others.length > 0 ? others : agents
  return [...names, ...new Set(blamed.map(({ id }) => id))]
}

/** What is right for a question about a run. */
export function questionKeyOf(question: Question, known: Known): QuestionKey {
  const { question_id } = question
  switch (subjectOf(question)) {
    case 'verdict':
      return { question_id, answer: known.key.verdict }
    case 'kind':
      return answered(
        question_id,
        groupsOf(known.key, ({ kind }) => [[kind]]),
      )
    case 'spans':
      return answered(question_id, culpritsOf(known.key))
    case 'waited': {
      const { neutral, slack, faults } = timed(known.key)
      return answered(
        question_id,
        groupsOf({ faults }, ({ accepted }) => accepted, without(neutral, slack)),
      )
    }
    case 'entity':
      return answered(
        question_id,
        groupsOf(known.key, (fault) => [namesOf(fault, known)]),
      )
    case 'cost':
      return { question_id, answer: known.costMs }
    case 'window':
      return { question_id, answer: windowOf(known) ?? nothing }
    default:
      throw new Error(`${question_id} is no question about a trace`)
  }
}

type Fault = RunKey['faults'][number]

/** What cost no time was waited for by nobody: naming it is neither right nor wrong. */
function timed(key: RunKey): RunKey {
  const isTimed = ({ impact }: Fault) => impact?.ms !== 0
  const others = key.faults.filter((fault) => !isTimed(fault)).flatMap(({ accepted }) => accepted.flat())
  return { ...key, faults: key.faults.filter(isTimed), neutral: [...key.neutral, ...others] }
}

/** From the first that was wrong to the last; undefined where nothing was, or all the time. */
function windowOf({ key, start_ms }: Known) {
  const windows = key.faults.flatMap(({ standing, window }) => (window && standing === 'required' ? [window] : []))
  if (windows.length === 0) return undefined
  const from = Math.min(...windows.map(({ from_ms }) => from_ms))
  const to = Math.max(...windows.map(({ to_ms }) => to_ms))
  return isoWindow({ from_ms: start_ms + from, to_ms: start_ms + to })
}

/** The spans that have to be named of a run: groups, of each of which one is enough, and what is neither right nor wrong. */
export function culpritsOf(key: RunKey): { accepted: string[][]; neutral: string[] } {
  return groupsOf(key, ({ accepted }) => accepted, key.neutral)
}

/**
 * Each fault that is required by a group; those that are masked may be named, and have to be where there are no others: then
 * any one of them.
 */
function groupsOf(
  { faults }: Pick<RunKey, 'faults'>,
  groups: (fault: Fault) => readonly (readonly string[])[],
  neutral: readonly string[] = [],
) {
  const required = faults.filter(({ standing }) => standing === 'required').flatMap(groups)
  const masked = faults.filter(({ standing }) => standing === 'masked').flatMap((fault) => groups(fault).flat())
  const all = required.length > 0 || masked.length === 0 ? required : [masked]
  // Two faults of one kind, or of one tool, are one answer.
  const accepted = [...new Map(all.map((group) => [group.join(), [...new Set(group)]])).values()]
  return { accepted, neutral: without([...new Set([...neutral, ...masked])], accepted.flat()) }
}

function answered(question_id: string, { accepted, neutral }: ReturnType<typeof culpritsOf>): QuestionKey {
  return { question_id, answer: accepted.flatMap(([first]) => first ?? []), accepted, neutral }
}

function without(ids: readonly string[], others: readonly string[]): string[] {
  const out = new Set(others)
  return ids.filter((id) => !out.has(id))
}
