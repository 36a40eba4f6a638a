import { answerIn, type Flaw, flawedAnswers } from '../answers.ts'
import { callsOf, type CallTrouble, describeCall, type CallFigures, toolOf, troubleOf } from '../calls.ts'
import { defineFinding, rowOf } from '../finding.ts'
import { count, percent } from '../format.ts'
import * as say from '../sentence.ts'
import type { AnalysisStep, Observed } from '../step.ts'

export interface SilentFailure extends Observed, CallTrouble {
  calls: number
  /** Calls that were answered with 200, and of them those whose answer was wrong. */
  answered: number
  flawed: (CallFigures & { flaw: Flaw })[]
  /** What was answered, in order: how much of how much there is, where it says so. */
  answers: { tool: string; count: number | null; total: number | null; flaw: Flaw | null }[]
}

/** Answers that came with 200 and are wrong; what the agent made of them no span says. */
function observe(steps: readonly AnalysisStep[]): SilentFailure {
  const calls = callsOf(steps)
  const spoken = calls.map(({ step }) => ({ tool: toolOf(step), arguments: step.arguments, result: step.result }))
  const flaws = flawedAnswers(spoken)
  const flawed = calls.flatMap((call, index) => {
    const flaw = flaws.get(index)
    return flaw ? [{ ...describeCall(call), flaw }] : []
  })
  const answers = spoken.flatMap(({ tool, result }, index) => {
    if (calls[index]?.step.failed) return []
    const { count = null, total = null } = answerIn(result) ?? {}
    return [{ tool, count, total, flaw: flaws.get(index) ?? null }]
  })
  const { ids, figures } = troubleOf(calls)
  return {
    span_ids: [...new Set([...flawed.map(({ span_id }) => span_id), ...ids])],
    calls: calls.length,
    answered: answers.length,
    flawed,
    answers,
    ...figures,
  }
}

const words: Readonly<Record<Flaw, string>> = {
  error: 'had an error in its body',
  truncated: 'had less than there is',
  empty: 'was empty about what had been there before',
}

export const silentFailure = defineFinding({
  cause: { fault: 'flaw' },
  observe,
  sentence: ({ calls, answered, flawed, slow, failed_calls }) => {
    if (calls === 0) return say.noCalls
    const wrong = flawed.map(({ tool, flaw }) => `that of ${tool} ${words[flaw]}`)
    const what =
      flawed.length === 0
        ? 'none of them was wrong'
        : `${flawed.length} of them ${flawed.length === 1 ? 'was' : 'were'} wrong: ${say.list(wrong)}; nobody asked again`
    return `${say.count(answered, 'answer')} with 200: ${what}${say.slow(slow)}${say.failed(failed_calls)}`
  },
  questions: ({ answered, flawed }, { table }) => {
    const failing = table.filter(({ error_rate }) => error_rate > 0).length
    const http = rowOf(table, 'GET')
    return {
      symptom:
        flawed.length === 0
          ? `The answer to the user is built on ${count(answered, 'answer')} of tools.`
          : `The user got an answer, and it is wrong: it is built on ${count(flawed.length, 'answer')} that said something else.`,
      missed: `Every row is green: ${failing === 0 ? 'no row has an error' : `${count(failing, 'row')} with errors`}, ${count(http?.count ?? 0, 'GET')} with an error rate of ${percent(http?.error_rate ?? 0)}. What an answer says is no column of the table.`,
    }
  },
  // It costs no time: what is wrong is the answer.
  without: () => null,
  chart: (observed) => ({ shape: 'answers', observed }),
})
