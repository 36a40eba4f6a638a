import type { Key, TraceKey } from './key.ts'
import { listed, type Mark, mark } from './mark.ts'
import { type Proportion, proportion } from './proportion.ts'
import { type Answer, examVersion, type Question, subjectOf, unknown } from './question.ts'

/** Questions of one sort. */
export interface Tally {
  questions: number
  /** With an answer that says more than that one cannot tell. */
  answered: number
  /** Right of all, whatever was left open. */
  exact: Proportion
}

export interface Score extends Tally {
  version: typeof examVersion
  open: number
  /** Whether a trace is faulty, by its verdict; where none was asked, by whether anything was named. */
  detection: { precision: Proportion; recall: Proportion; false_alarms: Proportion }
  /** Of spans that were named, and of culprits. */
  localisation: { precision: Proportion; recall: Proportion }
  /** Traces of which verdict, kind and spans are all right, as far as they were asked. */
  joint: Proportion
  /** The same of faulty traces alone: half of an exam says "nothing is wrong" by construction. */
  faulty: { exact: Proportion; spans: Proportion; joint: Proportion }
  by_type: Record<string, Tally>
  by_subject: Record<string, Tally>
  by_scenario: Record<string, Tally>
  by_level: Record<string, Tally>
  /** Of questions about tokens: by what telemetry did to them. */
  by_quirk: Record<string, Tally>
  /** Of questions for spans alone: by what was planted, `control` where nothing was. */
  by_kind: Record<string, Tally>
}

const ofTokens = new Set(['tokens', 'price', 'agent_tokens'])
const joined = new Set(['verdict', 'kind', 'spans'])

/** Scores answers by a key. Questions without an answer are open; they count as questions, and earn nothing. */
export function score(questions: readonly Question[], key: Key, answers: ReadonlyMap<string, Answer>): Score {
  const marks = questions.flatMap((question) => {
    const right = key.questions.get(question.question_id)
    return right ? [mark(question, right, answers.get(question.question_id))] : []
  })
  const keyOf = ({ question }: Mark): TraceKey | undefined => key.traces.get(question.trace_id ?? '')
  const isFaulty = (each: Mark) => keyOf(each)?.verdict === 'faulty'
  const ofTraces = marks.filter((each) => keyOf(each) !== undefined)
  const spans = ofTraces.filter(({ subject }) => subject === 'spans')
  const faulty = ofTraces.filter(isFaulty)
  return {
    version: examVersion,
    ...tally(marks),
    open: marks.filter(({ outcome }) => outcome === 'open').length,
    detection: detection(questions, key, answers),
    localisation: {
      precision: proportion(total(spans, 'right'), total(spans, 'named')),
      recall: proportion(total(spans, 'hit'), total(spans, 'groups')),
    },
    joint: joint(ofTraces),
    faulty: { exact: exact(faulty), spans: exact(spans.filter(isFaulty)), joint: joint(faulty) },
    by_type: grouped(marks, ({ question }) => [question.type]),
    by_subject: grouped(marks, ({ subject }) => [subject]),
    by_scenario: grouped(ofTraces, (each) => [keyOf(each)?.scenario ?? '']),
    by_level: grouped(ofTraces, (each) => [String(keyOf(each)?.level)]),
    by_quirk: grouped(
      ofTraces.filter(({ subject }) => ofTokens.has(subject)),
      (each) => [keyOf(each)?.quirk ?? 'none'],
    ),
    by_kind: grouped(spans, (each) => kindsOf(keyOf(each))),
  }
}

const kindsOf = (trace: TraceKey | undefined) =>
  trace === undefined || trace.faults.length === 0 ? ['control'] : [...new Set(trace.faults.map(({ kind }) => kind))]

const total = (marks: readonly Mark[], name: 'right' | 'named' | 'hit' | 'groups') =>
  marks.reduce((sum, each) => sum + each[name], 0)

const exact = (marks: readonly Mark[]) =>
  proportion(marks.filter(({ outcome }) => outcome === 'right').length, marks.length)

const tally = (marks: readonly Mark[]): Tally => ({
  questions: marks.length,
  answered: marks.filter(({ outcome }) => outcome !== 'open').length,
  exact: exact(marks),
})

function grouped(marks: readonly Mark[], namesOf: (each: Mark) => string[]): Record<string, Tally> {
  const groups = Map.groupBy(
    marks.flatMap((each) => namesOf(each).map((name) => ({ name, each }))),
    ({ name }) => name,
  )
  return Object.fromEntries(
    [...groups]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, all]) => [name, tally(all.map(({ each }) => each))]),
  )
}

function joint(marks: readonly Mark[]): Proportion {
  const traces = Map.groupBy(
    marks.filter(({ subject }) => joined.has(subject)),
    ({ question }) => question.trace_id,
  )
  const right = [...traces.values()].filter((all) => all.every(({ outcome }) => outcome === 'right'))
  return proportion(right.length, traces.size)
}

function detection(questions: readonly Question[], key: Key, answers: ReadonlyMap<string, Answer>): Score['detection'] {
  const asked = Map.groupBy(questions, ({ trace_id }) => trace_id)
  const said = [...key.traces.values()].flatMap(({ trace_id, verdict }) => {
    const alarm = alarmOf(asked.get(trace_id) ?? [], answers)
    return alarm === undefined ? [] : [{ alarm, isFaulty: verdict === 'faulty' }]
  })
  const faulty = [...key.traces.values()].filter(({ verdict }) => verdict === 'faulty').length
  const alarms = said.filter(({ alarm }) => alarm)
  const right = alarms.filter(({ isFaulty }) => isFaulty).length
  return {
    precision: proportion(right, alarms.length),
    recall: proportion(right, faulty),
    false_alarms: proportion(alarms.length - right, key.traces.size - faulty),
  }
}

/** Whether answers say of a trace that something is wrong; undefined when none of them says anything. */
function alarmOf(questions: readonly Question[], answers: ReadonlyMap<string, Answer>): boolean | undefined {
  for (const subject of ['verdict', 'kind', 'spans'] as const) {
    const question = questions.find((each) => subjectOf(each) === subject)
    const value = answers.get(question?.question_id ?? '')?.answer ?? unknown
    if (value === unknown) continue
    return subject === 'verdict' ? value === 'faulty' : listed(value).length > 0
  }
  return undefined
}
