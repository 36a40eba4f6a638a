import type { Handed } from 'contract/handoff'
import type { LedgerStep } from 'contract/ledger'
import type { Usage } from 'contract/usage'
import type { Dialect } from 'dialects/dialect'
import { usageOf } from 'findings/usage'

/** What a run did, in figures. `ideal_ms` is how long it would have taken if nothing but the drawn times took time. */
export function summarise(steps: readonly LedgerStep[], idealMs: number) {
  const summary = {
    tool_calls: 0,
    tool_errors: 0,
    retries: 0,
    llm_calls: 0,
    llm_errors: 0,
    llm_retries: 0,
    input_tokens: 0,
    output_tokens: 0,
    max_in_flight: 0,
    ideal_ms: Math.round(idealMs * 1000) / 1000,
  }
  const attempts: LedgerStep[] = []
  for (const step of steps) {
    const { facts } = step
    switch (facts.operation) {
      case 'execute_tool':
      case 'retrieval':
        summary.tool_calls++
        if (step.status === 'error') summary.tool_errors++
        break
      case 'http_client':
        if (steps[step.parent_id ?? -1]?.facts.operation === 'chat') {
          if (facts.attempt > 0) summary.llm_retries++
          break
        }
        attempts.push(step)
        if (facts.attempt > 0) summary.retries++
        break
      case 'chat':
        summary.llm_calls++
        if (step.status === 'error' || facts.finish_reason === 'content_filter') summary.llm_errors++
        summary.input_tokens += facts.input_tokens ?? 0
        summary.output_tokens += facts.output_tokens ?? 0
    }
  }
  summary.max_in_flight = mostAtOnce(attempts)
  return summary
}

const usesModels: ReadonlySet<string> = new Set(['invoke_agent', 'chat', 'http_client'])

/** What the model calls of a run used: its ledger knows it of each. */
export function usageIn(steps: readonly LedgerStep[]): Usage {
  return usageOf(
    steps
      .filter(({ facts }) => usesModels.has(facts.operation))
      .map(({ id, parent_id, facts, status }) => ({
        span_id: id,
        parent_span_id: parent_id,
        operation: facts.operation,
        facts,
        failed: status === 'error',
      })),
  )
}

export type Summary = ReturnType<typeof summarise>

/** The figures of a run with those of a part that it waited for. */
export function withPart(whole: Summary, part: Handed['summary']): Summary {
  const sum = Object.entries(whole).map(([name, value]) => [name, value + (part[name] ?? 0)])
  const max_in_flight = Math.max(whole.max_in_flight, part.max_in_flight ?? 0)
  // How long it takes is in the whole already.
  return { ...(Object.fromEntries(sum) as Summary), max_in_flight, ideal_ms: whole.ideal_ms }
}

/** How many steps ran at the same time at most; one that starts as another ends does not count with it. */
function mostAtOnce(steps: readonly LedgerStep[]): number {
  const starts = Float64Array.from(steps, ({ start_ms }) => start_ms).sort()
  const ends = Float64Array.from(steps, ({ start_ms, duration_ms }) => start_ms + (duration_ms ?? Infinity)).sort()
  let most = 0
  let ended = 0
  for (const [begun, start] of starts.entries()) {
    while ((ends[ended] as number) <= start) ended++
    most = Math.max(most, begun + 1 - ended)
  }
  return most
}

export type SpanCounts = Handed['spans']

/** Those of two parts of a trace together. */
export function addSpans(a: SpanCounts, b: SpanCounts): SpanCounts {
  const sum = (some: Record<string, number>, others: Record<string, number>) =>
    Object.entries(others).reduce((all, [name, count]) => ({ ...all, [name]: (all[name] ?? 0) + count }), some)
  return {
    total: a.total + b.total,
    agent_app: sum(a.agent_app, b.agent_app),
    tool_service: sum(a.tool_service, b.tool_service),
  }
}

/** Spans by service and name. `total` is all that must arrive, the SERVER spans that tool-service owes included. */
export function countSpans(steps: readonly LedgerStep[], agentService: string, dialect: Dialect): SpanCounts {
  const agentApp: Record<string, number> = {}
  const toolService: Record<string, number> = {}
  for (const { facts, service, span_id } of steps) {
    const counts = service === agentService && span_id !== null ? agentApp : toolService
    const name = dialect.nameOf(facts)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return { total: steps.length, agent_app: agentApp, tool_service: toolService }
}
