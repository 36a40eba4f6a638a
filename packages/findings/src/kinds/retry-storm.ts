import { defineFinding, rowOf, saving } from '../finding.ts'
import { count, percent, whole } from '../format.ts'
import { makespan } from '../schedule.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, byStart, compare, type Observed, round, withOperation } from '../step.ts'

export interface Attempt {
  span_id: string
  attempt: number
  /** Of the answer; null when there was none. */
  status: number | null
  failed: boolean
  /** What was waited before it, ms; null for the first. */
  backoff_ms: number | null
}

export interface RetryStorm extends Observed {
  calls: number
  attempts: number
  /** Attempts for each call. */
  amplification: number
  gave_up: number
  origin: {
    /** Tools that failed, highest failure rate first. */
    tools: { tool: string; attempts: number; failures: number; failure_rate: number }[]
    /** Of the lowest worker, then attempt; null when nothing failed. */
    first_failure: { span_id: string; agent_id: string | null; tool: string; attempt: number } | null
  }
  sequences: {
    tool_call_id: string
    span_id: string
    tool: string
    agent_id: string | null
    gave_up: boolean
    attempts: Attempt[]
  }[]
}

/** Calls with their attempts and the back-offs between them, and where the failures came from. */
function observe(steps: readonly AnalysisStep[]): RetryStorm {
  const bySpan = new Map(steps.map((step) => [step.span_id, step]))
  const attemptsOf = Map.groupBy(byStart(withOperation(steps, 'http_client')), ({ parent_span_id }) => parent_span_id)
  const workerOf = (call: AnalysisStep) => bySpan.get(call.parent_span_id ?? '')?.facts.worker_index ?? 0
  const calls = withOperation(steps, 'execute_tool').sort(
    (a, b) => workerOf(a) - workerOf(b) || compare(a.span_id, b.span_id),
  )
  const sequences = calls.map((call) => ({
    tool_call_id: call.facts.call_id ?? '',
    span_id: call.span_id,
    tool: call.facts.tool ?? '',
    agent_id: call.agent_id,
    gave_up: call.failed,
    attempts: (attemptsOf.get(call.span_id) ?? [])
      .map((attempt) => describeAttempt(attempt, call))
      .sort((a, b) => a.attempt - b.attempt),
  }))
  const attempts = sequences.flatMap((sequence) => sequence.attempts)
  const first = sequences.flatMap(({ agent_id, tool, attempts }) =>
    attempts.filter(({ failed }) => failed).map((failure) => ({ failure, agent_id, tool })),
  )[0]
  return {
    span_ids: attempts.filter(({ failed }) => failed).map(({ span_id }) => span_id),
    calls: calls.length,
    attempts: attempts.length,
    amplification: calls.length > 0 ? round(attempts.length / calls.length) : 0,
    gave_up: calls.filter(({ failed }) => failed).length,
    origin: {
      tools: failingTools(sequences),
      first_failure: first
        ? { span_id: first.failure.span_id, agent_id: first.agent_id, tool: first.tool, attempt: first.failure.attempt }
        : null,
    },
    sequences,
  }
}

function describeAttempt(attempt: AnalysisStep, call: AnalysisStep): Attempt {
  const number = attempt.facts.attempt ?? 0
  const retry = call.events.find((event) => event.name === 'retry' && event.attempt === number)
  return {
    span_id: attempt.span_id,
    attempt: number,
    status: attempt.facts.status ?? null,
    failed: attempt.failed,
    backoff_ms: retry?.delay_ms === undefined ? null : round(retry.delay_ms),
  }
}

function failingTools(sequences: RetryStorm['sequences']): RetryStorm['origin']['tools'] {
  return [...Map.groupBy(sequences, ({ tool }) => tool)]
    .map(([tool, ofTool]) => {
      const attempts = ofTool.flatMap((sequence) => sequence.attempts)
      const failures = attempts.filter(({ failed }) => failed).length
      return {
        tool,
        attempts: attempts.length,
        failures,
        failure_rate: attempts.length > 0 ? round(failures / attempts.length) : 0,
      }
    })
    .filter(({ failures }) => failures > 0)
    .sort((a, b) => b.failure_rate - a.failure_rate || compare(a.tool, b.tool))
}

export const retryStorm = defineFinding({
  cause: { fault: 'failure' },
  observe,
  sentence: ({ calls, attempts, amplification, gave_up, origin }) => {
    const { first_failure: first, tools } = origin
    if (!first) return `${calls} calls took ${attempts} attempts: nothing failed`
    const rates = say.list(tools.map(({ tool, failure_rate }) => `${tool} (${say.percent(failure_rate)})`))
    return `${calls} calls took ${attempts} attempts (× ${amplification}) and ${gave_up} gave up; it began with attempt ${first.attempt} of ${first.agent_id ?? 'a call'}, and what failed was ${rates}`
  },
  questions: ({ calls, attempts, gave_up }, { table }) => {
    const requests = rowOf(table, 'GET')
    const extra = calls > 0 ? attempts / calls - 1 : 0
    return {
      symptom: `${count(calls, 'call')} sent ${count(attempts, 'request')}: ${percent(extra)} more load than was asked for, and ${gave_up === 0 ? 'no call' : count(gave_up, 'call')} gave up.`,
      missed: `The table has ${count(requests?.count ?? attempts, 'GET')} with ${percent(requests?.error_rate ?? 0)} errors, and ${whole(calls)} tool calls with ${percent(calls > 0 ? gave_up / calls : 0)}. Nothing says which request repeats which, and the back-offs between them are no spans.`,
    }
  },
  without: ({ sequences }, { params, calls, durationOf }) => {
    const slots = Number(params.concurrency ?? Math.max(1, sequences.length))
    const bySpan = new Map(sequences.map((sequence) => [sequence.span_id, sequence]))
    const inOrder = [...calls].filter(([id]) => bySpan.has(id))
    const clean = inOrder.map(([id]) => durationOf(bySpan.get(id)?.attempts[0]?.span_id ?? ''))
    const taken = inOrder.map(([, ms]) => ms)
    const how = 'the same order of calls, with first attempts alone'
    return saving(makespan(taken, slots) - makespan(clean, slots), how)
  },
  chart: (observed) => ({ shape: 'attempts', observed }),
})
