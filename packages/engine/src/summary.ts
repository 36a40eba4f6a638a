import { genAi } from 'dialects/gen-ai/semconv'
import type { LedgerStep } from 'contract/ledger'

/** What a run did, in figures. `ideal_ms` is how long it would have taken if nothing but the drawn times took time. */
export function summarise(steps: readonly LedgerStep[], idealMs: number) {
  const calls = steps.filter(({ operation }) => operation === 'execute_tool' || operation === 'retrieval')
  const attempts = steps.filter(({ operation }) => operation === 'http_client')
  const chats = steps.filter(({ operation }) => operation === 'chat')
  return {
    tool_calls: calls.length,
    tool_errors: calls.filter(({ status }) => status === 'error').length,
    retries: attempts.filter(({ attempt }) => attempt !== null && attempt > 0).length,
    llm_calls: chats.length,
    input_tokens: sumOf(chats, genAi.inputTokens),
    output_tokens: sumOf(chats, genAi.outputTokens),
    max_in_flight: mostAtOnce(attempts),
    ideal_ms: Math.round(idealMs * 1000) / 1000,
  }
}

function sumOf(steps: readonly LedgerStep[], attribute: string): number {
  return steps.reduce((sum, step) => sum + Number(step.attributes[attribute] ?? 0), 0)
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
export function countSpans(steps: readonly LedgerStep[], agentService: string) {
  const agentApp: Record<string, number> = {}
  const toolService: Record<string, number> = {}
  for (const { name, service, span_id } of steps) {
    const counts = service === agentService && span_id !== null ? agentApp : toolService
    counts[name] = (counts[name] ?? 0) + 1
  }
  return { total: steps.length, agent_app: agentApp, tool_service: toolService }
}
