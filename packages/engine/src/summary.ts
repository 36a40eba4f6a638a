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

/** Spans by service and name. `total` is all that must arrive, the SERVER spans that tool-service owes included. */
export function countSpans(steps: readonly LedgerStep[], agentService: string, dialect: Dialect) {
  const agentApp: Record<string, number> = {}
  const toolService: Record<string, number> = {}
  for (const { facts, service, span_id } of steps) {
    const counts = service === agentService && span_id !== null ? agentApp : toolService
    const name = dialect.nameOf(facts)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return { total: steps.length, agent_app: agentApp, tool_service: toolService }
}
