import { ceiling } from 'exam/ceiling/ceiling'
import { fit } from 'exam/ceiling/fit'
import { populationAnswers, together } from 'exam/population'
import { type Answer, type Question, subjectOf, unknown } from 'exam/question'
import { crowdRules, rules } from 'exam/rules/rules'
import { sessionReaders } from 'exam/rules/sessions'
import { usageReaders } from 'exam/rules/totals'
import { totalsAnswers } from 'exam/totals'
import { answersOf, type Solution } from 'exam/solution'
import type { Table } from 'exam/table/table'
import { scenariosOf } from 'exam/asked'
import type { ReceivedSpan } from '../../trace-inspector/src/otlp/span.ts'
import { reveal } from '../../trace-inspector/src/reveal/reveal.ts'
import { toAnalysisStep } from '../../trace-inspector/src/reveal/step.ts'
import { originOf } from '../../trace-inspector/src/times.ts'
import { tablesOf } from './spans.ts'

export type Traces = ReadonlyMap<string, readonly ReceivedSpan[]>

/**
 * Who answers an exam from its spans alone, by name. `scenario` is what all of it is of, where that is known; otherwise its
 * questions tell `reveal`.
 */
export function solversOf(
  traces: Traces,
  questions: readonly Question[],
  scenario?: string,
): Map<string, () => Answer[]> {
  const tables = tablesOf(traces)
  const asked = Map.groupBy(questions, ({ trace_id }) => trace_id)
  const ofAll = asked.get(undefined) ?? []
  const each = (solve: Solve) => () => {
    const solved = tables.map((table) => ({ table, solution: solve(table, asked.get(table.trace_id) ?? []) }))
    return [
      ...solved.flatMap(({ table, solution }) => answersOf(asked.get(table.trace_id) ?? [], solution)),
      ...answersOfAll(ofAll, solved, traces),
    ]
  }
  return new Map<string, () => Answer[]>([
    ...Object.entries(rules).map(([name, rule]) => [name, each((table) => ({ steps: rule(table) }))] as const),
    ...Object.entries(crowdRules).map(([name, ruleOf]) => {
      const rule = ruleOf(tables)
      return [name, each((table) => ({ steps: rule(table) }))] as const
    }),
    ['reveal', each((table, own) => revealed(table, scenario ?? scenarioOf(table, own), traces))],
    ['ceiling', each(informed(tables, asked))],
    ...(asksForTotals(questions) ? readersOf(traces, questions) : []),
    ...(questions.some((question) => subjectOf(question) === 'session') ? sessionsBy(traces, questions) : []),
  ])
}

const asksForTotals = (questions: readonly Question[]) => questions.some((question) => subjectOf(question) === 'tokens')

/** Who reads the tokens of all traces, in one way or another. */
function readersOf(traces: Traces, questions: readonly Question[]) {
  const steps = [...traces].map(([trace_id, spans]) => {
    const read = spans.map((span) => toAnalysisStep(span, 0))
    const session = read.find(({ facts }) => facts.conversation_id !== undefined)?.facts.conversation_id
    return { trace_id, session, read }
  })
  return Object.entries(usageReaders).map(([name, usageIn]) => {
    const answers = () => {
      const all = steps.map(({ read, ...trace }) => ({ ...trace, usage: usageIn(read) }))
      return [...totalsAnswers(questions, all)].map(([question_id, answer]) => ({ question_id, answer }))
    }
    return [name, answers] as const
  })
}

/** Who says which traces are one session, in one way or another. */
function sessionsBy(traces: Traces, questions: readonly Question[]) {
  const read = [...traces].map(([trace_id, spans]) => {
    const steps = spans.map((span) => toAnalysisStep(span, 0))
    const conversation = steps.find(({ facts }) => facts.conversation_id !== undefined)?.facts.conversation_id
    const links = spans.flatMap((span) => span.links.map(({ traceId }) => traceId))
    return { trace_id, steps, conversation, linksTo: links.filter((to) => to !== trace_id) }
  })
  return Object.entries(sessionReaders).map(([name, groupsOf]) => {
    const answers = () => {
      const groups = groupsOf(read)
      return questions.map(({ question_id, trace_id = '' }) => ({
        question_id,
        answer: [...(groups.get(trace_id) ?? [])],
      }))
    }
    return [name, answers] as const
  })
}

type Solve = (table: Table, questions: readonly Question[]) => Solution

const kindsOf = (questions: readonly Question[]) =>
  questions.find((question) => subjectOf(question) === 'kind')?.choices ?? []

/** Runs that may have the same faults are one population: what is usual in it, and what is not. */
function informed(tables: readonly Table[], asked: ReadonlyMap<string | undefined, readonly Question[]>): Solve {
  const populationOf = ({ trace_id }: Table) => kindsOf(asked.get(trace_id) ?? []).join()
  const usual = new Map([...Map.groupBy(tables, populationOf)].map(([name, own]) => [name, fit(own)]))
  return (table, questions) => {
    const known = usual.get(populationOf(table))
    return known ? ceiling(table, known, kindsOf(questions)) : { steps: [] }
  }
}

/** Which traces have the kind that is asked for, as far as they were found to. */
function answersOfAll(
  questions: readonly Question[],
  solved: readonly { table: Table; solution: Solution }[],
  traces: Traces,
): Answer[] {
  const begun = solved.map(({ table: { trace_id }, solution }) => ({
    trace_id,
    start_ms: originOf(traces.get(trace_id) ?? []) ?? 0,
    kinds: solution.kinds,
  }))
  return questions.map((question) => {
    const [kind = ''] = question.choices ?? []
    const affected = together(begun.filter(({ kinds }) => kinds?.includes(kind)))
    const knows = begun.some(({ kinds }) => kinds !== undefined)
    const answers = knows ? populationAnswers(affected, begun) : {}
    return { question_id: question.question_id, answer: answers[subjectOf(question)] ?? unknown }
  })
}

/** What a trace is of, by what is asked of it: at level 1 that is the same of a fan-out and of a chain, which has no two jobs at a time. */
function scenarioOf({ lanes }: Table, questions: readonly Question[]): string | undefined {
  const names = scenariosOf(questions)
  return names.find((name) => names.length === 1 || (name === 'chain') === (lanes === 1))
}

/** What the page says of a trace. */
function revealed({ trace_id: traceId, steps }: Table, scenario = '', traces: Traces): Solution {
  const spans = traces.get(traceId) ?? []
  // A blind run does not say what it is of, and an exam's questions do.
  const { observed } = reveal(traceId, spans, [{ scenario, steps: spans.map(({ spanId }) => ({ span_id: spanId })) }])
  const names = new Map(steps.map(({ span_id, name }) => [span_id, name]))
  return { steps: (observed?.span_ids ?? []).map((span_id) => ({ span_id, name: names.get(span_id) ?? '' })) }
}
