import type { Quirk } from 'contract/quirks'
import type { Usage, UsageFigures } from 'contract/usage'
import type { QuestionKey } from './key.ts'
import { type AnswerValue, type Question, subjectOf, unknown } from './question.ts'

/** What is known, or read, of the tokens of a trace. */
export interface TraceUsage {
  trace_id: string
  /** Of the session that it is a part of. */
  session: string | undefined
  usage: Usage
}

/** A run of an exam about totals: what of its usage its telemetry tells, and how. */
export interface TotalsRun extends TraceUsage {
  quirk: Quirk | undefined
  /** The agent that is asked about, by `gen_ai.agent.id`. */
  agent: string
}

const billed =
  'prompts, with what was read from a cache and written to one, and answers. An attempt that got no answer counts where its span says what it was billed for, and not elsewhere.'
const exactly = { share: 0, least: 0 }

/** The questions about totals: of each trace and one of its agents, of each session, and of each model in all traces. */
export function totalsQuestions(runs: readonly TotalsRun[]): Question[] {
  const number = { type: 'number' as const, unit: 'tokens', tolerance: exactly }
  return [
    ...runs.flatMap(({ trace_id, agent }): Question[] => {
      const ofTrace = { scope: 'trace' as const, trace_id }
      return [
        {
          question_id: `${trace_id}:tokens`,
          ...ofTrace,
          ...number,
          text: `How many tokens did the model calls of this trace use altogether? Counted are ${billed} \`unknown\` where a call used tokens and no span says how many.`,
        },
        {
          question_id: `${trace_id}:price`,
          ...ofTrace,
          ...number,
          unit: 'USD',
          tolerance: { share: 1e-6 },
          text: 'What did the model calls of this trace cost, by the prices in README.md? `unknown` where a call used tokens and no span says how many.',
        },
        {
          question_id: `${trace_id}:agent_tokens`,
          ...ofTrace,
          ...number,
          choices: [agent],
          text: `How many of these tokens were used by model calls of agents whose \`gen_ai.agent.id\` is ${agent}? Counted are an agent's own calls, not those of agents below it.`,
        },
      ]
    }),
    ...sessionsOf(runs).map(([session]) => ({
      question_id: `${session}:session_tokens`,
      scope: 'population' as const,
      ...number,
      choices: [session],
      text: 'How many tokens did the session with this `gen_ai.conversation.id` use in all of its traces? `unknown` where one of them is not known.',
    })),
    ...modelsOf(runs).map((model) => ({
      question_id: `${model}:model_tokens`,
      scope: 'population' as const,
      ...number,
      choices: [model],
      text: 'How many tokens did calls of this model use in all traces together, as far as spans tell: calls that say it nowhere are left out.',
    })),
  ]
}

const sessionsOf = (runs: readonly TraceUsage[]) => [
  ...Map.groupBy(
    runs.filter(({ session }) => session !== undefined),
    ({ session }) => session as string,
  ),
]

const modelsOf = (runs: readonly TraceUsage[]) => [...new Set(runs.flatMap(({ usage }) => Object.keys(usage.models)))]

/** Answers by who has read, or knows, the usage of all traces. */
export function totalsAnswers(questions: readonly Question[], all: readonly TraceUsage[]): Map<string, AnswerValue> {
  const byTrace = new Map(all.map((each) => [each.trace_id, each.usage]))
  const answerTo = (question: Question): AnswerValue => {
    const [named = ''] = question.choices ?? []
    const own = byTrace.get(question.trace_id ?? '')
    switch (subjectOf(question)) {
      case 'tokens':
        return ifKnown(own && [own])
      case 'price':
        return own && own.unreported_calls === 0 ? (own.cost_usd ?? unknown) : unknown
      case 'agent_tokens':
        return ifKnown(own && [own.agents[named] ?? null])
      case 'session_tokens':
        return ifKnown(all.filter(({ session }) => session === named).map(({ usage }) => usage))
      case 'model_tokens':
        return sumOf(all.map(({ usage }) => usage.models[named] ?? null))
      default:
        return unknown
    }
  }
  return new Map(questions.map((question) => [question.question_id, answerTo(question)]))
}

type Parts = readonly (UsageFigures | null)[]

const sumOf = (parts: Parts) =>
  parts.reduce((sum, part) => sum + (part?.input_tokens ?? 0) + (part?.output_tokens ?? 0), 0)

const ifKnown = (parts: Parts | undefined): AnswerValue =>
  parts?.every((part) => (part?.unreported_calls ?? 0) === 0) ? sumOf(parts) : unknown

/** Their keys: what nobody can know from spans has `unknown` as its right answer. */
export function totalsKeys(questions: readonly Question[], runs: readonly TotalsRun[]): QuestionKey[] {
  return [...totalsAnswers(questions, runs)].map(([question_id, answer]) => ({ question_id, answer }))
}
