import type { PlantedKind } from 'contract/taxonomy'
import { plantedKinds } from 'contract/taxonomy'
import { knownForAt1 } from 'findings/known-for'
import { nothing, type Question, type Subject, subjectOf, unknown } from './question.ts'

/** What is asked about runs of a scenario, and what may be wrong with them. */
export interface Asked {
  subjects: readonly Subject[]
  kinds: readonly PlantedKind[]
  /** How a question is put, where not as of other scenarios. */
  texts?: Readonly<Partial<Record<Subject, string>>>
}

const all = ['verdict', 'kind', 'spans', 'waited', 'entity', 'cost'] as const
const agentIsToBlame = ['verdict', 'kind', 'spans', 'cost'] as const
const withoutSlack = ['verdict', 'kind', 'spans', 'entity', 'cost'] as const

/**
 * How often something failed gives the verdict of `retry` and `cascade` away: it is asked with the kind alone. A run of
 * `cascade` takes as long with its fault as without: what is asked is what its calls take together. Of `human`, `loop` and `overflow`, most
 * faults are the one agent's that it has: who is to blame is no question.
 */
export const askedOf: Readonly<Record<string, Asked>> = {
  fanout: { subjects: all, kinds: ['straggler', 'failed', 'tool_slow'] },
  chain: { subjects: all, kinds: ['slow_link', 'gap', 'tool_slow'] },
  retry: { subjects: ['kind', 'spans', 'entity', 'cost'], kinds: ['faulty_tool', 'backoff', 'not_retryable'] },
  dag: { subjects: ['verdict', 'kind', 'spans', 'waited', 'cost'], kinds: ['slow_branch', 'late_start', 'failed'] },
  react: { subjects: withoutSlack, kinds: ['slow_tool', 'slow_model', 'cache_miss', 'loop'] },
  human: { subjects: agentIsToBlame, kinds: ['resume_lag', 'unneeded', 'redo', 'slow_tool'] },
  rag: { subjects: all, kinds: ['slow_chunk', 'shard_slow', 'duplicate', 'failed'] },
  loop: { subjects: agentIsToBlame, kinds: ['loop', 'pingpong', 'ignored_error', 'slow_tool'] },
  overflow: { subjects: agentIsToBlame, kinds: ['overflow', 'duplicate_history', 'lost_fact', 'cache_miss'] },
  stream: { subjects: withoutSlack, kinds: ['contention', 'stall', 'slow_ttft', 'slow_background'] },
  cascade: {
    subjects: ['kind', 'spans', 'entity', 'window', 'cost'],
    kinds: ['surge', 'capacity_loss', 'slow_service'],
    texts: {
      cost: 'How many milliseconds longer did the calls of this run take, all together, from the first attempt of each to its last, than they would have with nothing wrong? Calls that would not have come do not count. 0 where nothing is.',
    },
  },
  silent: {
    subjects: ['verdict', 'kind', 'spans', 'entity'],
    kinds: ['body_error', 'truncated', 'wrong_empty', 'slow_tool', 'failed'],
  },
  handoff: {
    subjects: ['verdict', 'kind', 'spans', 'waited', 'entity'],
    kinds: ['severed', 'dropped', 'bounce', 'accept_lag'],
  },
  hallucination: {
    subjects: ['verdict', 'kind', 'spans', 'entity'],
    kinds: ['no_tool', 'bad_arguments', 'invented_id', 'slow_model'],
  },
}

/** What is asked at a level; undefined where there is nothing to ask. */
export function askedAt(level: number, scenario: string): Asked | undefined {
  const asked = askedOf[scenario]
  if (!asked || level > 1) return asked
  const known = knownForAt1(scenario)
  return known && { ...asked, kinds: [known.kind] }
}

const costTolerance = { share: 0.2, least: 20 }

const asks = {
  verdict: {
    type: 'verdict',
    text: 'Is anything wrong with this run? `faulty`, `healthy`, or `unknown`.',
  },
  kind: { type: 'kind', text: 'What is wrong with this run? One or more of the choices.' },
  spans: {
    type: 'spans',
    text: 'Which spans made this run at least 4 % slower, dearer, or its outcome different? One span for each culprit is enough: the call, its HTTP spans, or the agent that did nothing else. An empty list: none.',
  },
  waited: {
    type: 'spans',
    text: 'Which spans that took longer than they had to did this run wait for? What was slow and kept nobody waiting is wrong here. An empty list: none.',
  },
  entity: {
    type: 'entity',
    text: 'Which tool, model, data source or agent is to blame? An agent by its id, as in `gen_ai.agent.id`. An empty list: none.',
  },
  cost: {
    type: 'number',
    text: 'How many milliseconds longer did this run take than it would have with nothing wrong? 0 where nothing is.',
    unit: 'ms',
    tolerance: costTolerance,
  },
  window: {
    type: 'window',
    text: 'From when until when was it wrong: when did one agent begin to send more, or a tool to do less, and when was that over? Of two, from the first to the last. `none` where nothing is.',
    tolerance: { share: 0.2 },
  },
} as const satisfies Partial<Record<Subject, Partial<Question>>>

/** The questions about a trace. */
export function questionsOf(traceId: string, { subjects, kinds, texts }: Asked): Question[] {
  return subjects.flatMap((subject) => {
    if (!(subject in asks)) return []
    const { text, ...ask } = asks[subject as keyof typeof asks]
    return {
      question_id: `${traceId}:${subject}`,
      scope: 'trace' as const,
      trace_id: traceId,
      ...ask,
      text: texts?.[subject] ?? text,
      ...(subject === 'verdict' && { choices: ['faulty', 'healthy', unknown] }),
      ...(subject === 'kind' && { choices: [...kinds, nothing] }),
    }
  })
}

/** What each kind means, for the README of an exam. */
export const meaningOf = (kind: PlantedKind): string => plantedKinds[kind].means

/** Scenarios of which runs are asked just this, at level 1 or above: blind spans do not say which they are. */
export function scenariosOf(questions: readonly Question[]): string[] {
  const choices = questions.find((question) => subjectOf(question) === 'kind')?.choices ?? []
  const isAsked = (asked: Asked | undefined) =>
    asked !== undefined &&
    isSame(asked.subjects, questions.map(subjectOf)) &&
    isSame(
      asked.kinds,
      choices.filter((choice) => choice !== nothing),
    )
  return Object.keys(askedOf).filter((name) => isAsked(askedAt(1, name)) || isAsked(askedOf[name]))
}

const isSame = (these: readonly string[], those: readonly string[]) =>
  new Set(these).symmetricDifference(new Set(those)).size === 0
