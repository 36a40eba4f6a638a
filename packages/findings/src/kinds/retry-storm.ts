import { defineFinding, rowOf, saving } from '../finding.ts'
import { count, percent, whole } from '../format.ts'
import { faultyTools, type ToolFailures } from '../faulty-tools.ts'
import { savingOf } from '../batch.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, byStart, compare, durationOf, type Observed, round, withOperation } from '../step.ts'
import { type CallFigures, callsOf, describeCall, idsOf, slowCalls } from '../calls.ts'

export interface Attempt {
  span_id: string
  attempt: number
  /** Of the answer; null when there was none. */
  status: number | null
  failed: boolean
  /** What was waited before it, ms; null for the first. */
  backoff_ms: number | null
}

export interface FirstFailure {
  span_id: string
  agent_id: string | null
  tool: string
  attempt: number
}

export interface RetryStorm extends Observed {
  calls: number
  attempts: number
  /** Attempts for each call. */
  amplification: number
  gave_up: number
  origin: {
    /** Tools that failed, highest failure rate first. */
    tools: ToolFailures[]
    /** Those of them that failed far more often than the others: where the storm came from. Empty where failures are spread. */
    faulty: string[]
    /** Of the lowest worker, then attempt; null when nothing failed. */
    first_failure: FirstFailure | null
    /** The first failure in time, after how many attempts of its tool that went well; null where they failed from the beginning. */
    began: (FirstFailure & { after: number }) | null
  }
  slow: CallFigures[]
  /** How much earlier the batch would have ended with the first attempts alone, ms. */
  saving_ms: number
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
  const attempts = sequences.flatMap(({ agent_id, tool, attempts: own }) =>
    own.map((attempt) => ({ ...attempt, agent_id, tool })),
  )
  const failures = attempts.filter(({ failed }) => failed)
  const tools = toolFailures(attempts)
  const logical = callsOf(steps)
  const slow = slowCalls(logical)
  return {
    span_ids: [...failures.map(({ span_id }) => span_id), ...idsOf(slow)],
    calls: calls.length,
    attempts: attempts.length,
    amplification: calls.length > 0 ? round(attempts.length / calls.length) : 0,
    gave_up: calls.filter(({ failed }) => failed).length,
    origin: {
      tools: tools.filter(({ failures }) => failures > 0),
      faulty: faultyTools(tools),
      first_failure: failures[0] ? describeFailure(failures[0]) : null,
      began: beginOf(byStart(attempts.map(({ span_id }) => bySpan.get(span_id) as AnalysisStep)), attempts),
    },
    slow: slow.map(describeCall),
    saving_ms: savingOf(steps, logical, ({ step }) => {
      const [first] = attemptsOf.get(step.span_id) ?? []
      return first ? durationOf(step) - durationOf(first) : 0
    }),
    sequences,
  }
}

type OwnedAttempt = Attempt & { agent_id: string | null; tool: string }

const describeFailure = ({ span_id, agent_id, tool, attempt }: OwnedAttempt): FirstFailure => ({
  span_id,
  agent_id,
  tool,
  attempt,
})

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

/** Failures of each tool, highest rate first. */
function toolFailures(attempts: readonly OwnedAttempt[]): ToolFailures[] {
  return [...Map.groupBy(attempts, ({ tool }) => tool)]
    .map(([tool, own]) => {
      const failures = own.filter(({ failed }) => failed).length
      return { tool, attempts: own.length, failures, failure_rate: round(failures / own.length) }
    })
    .sort((a, b) => b.failure_rate - a.failure_rate || compare(a.tool, b.tool))
}

/** So improbable it is that a tool which fails at its later rate did not before: then something began. */
const improbable = 0.001

function beginOf(inOrder: readonly AnalysisStep[], attempts: readonly OwnedAttempt[]): RetryStorm['origin']['began'] {
  const owned = new Map(attempts.map((attempt) => [attempt.span_id, attempt]))
  const first = inOrder.find(({ failed }) => failed)
  const failure = first && owned.get(first.span_id)
  if (!first || !failure) return null
  const ofTool = inOrder.filter(({ span_id }) => owned.get(span_id)?.tool === failure.tool)
  const after = ofTool.indexOf(first)
  const later = ofTool.slice(after)
  const rate = later.filter(({ failed }) => failed).length / later.length
  return (1 - rate) ** after < improbable && after > 0 ? { ...describeFailure(failure), after } : null
}

export const retryStorm = defineFinding({
  cause: { fault: 'failure' },
  observe,
  sentence: ({ calls, attempts, amplification, gave_up, origin, slow }) => {
    const { tools, faulty, began } = origin
    if (calls === 0) return say.noCalls
    const all = `${say.count(calls, 'call')} took ${say.count(attempts, 'attempt')}`
    if (tools.length === 0) return `${all}: nothing failed${say.slow(slow)}`
    const rates = (some: readonly ToolFailures[]) =>
      say.list(some.map(({ tool, failure_rate }) => `${tool} (${say.percent(failure_rate)})`))
    const isFaulty = ({ tool }: ToolFailures) => faulty.includes(tool)
    const others = tools.filter((tool) => !isFaulty(tool))
    const where =
      faulty.length === 0
        ? `${tools.length === 1 ? 'what failed is' : 'failures are spread over'} ${rates(tools)}`
        : `what fails is ${rates(tools.filter(isFaulty))}${others.length > 0 ? `, far more often than ${rates(others)}` : ''}`
    const begin = began
      ? `; it began with attempt ${began.attempt} of ${began.agent_id ?? 'a call'}, after ${began.after} of ${began.tool} that went well`
      : ''
    return `${all} (× ${amplification}) and ${gave_up === 0 ? 'none' : gave_up} gave up; ${where}${begin}${say.slow(slow)}`
  },
  questions: ({ calls, attempts, gave_up }, { table }) => {
    const requests = rowOf(table, 'GET')
    const extra = calls > 0 ? attempts / calls - 1 : 0
    return {
      symptom: `${count(calls, 'call')} sent ${count(attempts, 'request')}: ${percent(extra)} more load than was asked for, and ${gave_up === 0 ? 'no call' : count(gave_up, 'call')} gave up.`,
      missed: `The table has ${count(requests?.count ?? attempts, 'GET')} with ${percent(requests?.error_rate ?? 0)} errors, and ${whole(calls)} tool calls with ${percent(calls > 0 ? gave_up / calls : 0)}. Nothing says which request repeats which, and the back-offs between them are no spans.`,
    }
  },
  without: ({ saving_ms }) => saving(saving_ms, 'the same order of calls, with first attempts alone'),
  chart: (observed) => ({ shape: 'attempts', observed }),
})
