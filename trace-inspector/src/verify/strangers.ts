import type { LedgerAnswer } from 'contract/ledger'
import type { ReceivedSpan } from '../otlp/span.ts'

export interface Strangers {
  unexpected: ReceivedSpan[]
  /** SERVER spans of calls that got no answer: whether they were made, nobody knows. */
  notOwed: ReceivedSpan[]
  /** Of whoever called the run and sent its parent. */
  ofCaller: ReceivedSpan[]
}

/** Tells spans that are no step of a run apart: not all of them are somebody's fault. */
export function strangers(
  ledger: LedgerAnswer,
  rest: readonly ReceivedSpan[],
  spans: ReadonlyMap<string, ReceivedSpan>,
): Strangers {
  const found: Strangers = { unexpected: [], notOwed: [], ofCaller: [] }
  if (rest.length === 0) return found
  const steps = ledger.runs.flatMap((run) => (run.sampled ? run.steps : []))
  const services = new Set(steps.map(({ service }) => service))
  const spanIds = new Set(steps.flatMap(({ span_id }) => span_id ?? []))
  const hasCaller = ledger.runs.some((run) => run.steps.some((step) => step.remote_parent_span_id !== null))
  const unanswered = unansweredCalls(ledger)

  const isBelowRun = (span: ReceivedSpan) => {
    const seen = new Set<ReceivedSpan>()
    for (let at: ReceivedSpan | undefined = span; at && !seen.has(at); at = spans.get(at.parentSpanId ?? '')) {
      if (spanIds.has(at.parentSpanId ?? '')) return true
      seen.add(at)
    }
    return false
  }
  for (const span of rest) {
    if (span.kind === 'server' && unanswered.delete(span.parentSpanId)) found.notOwed.push(span)
    else if (hasCaller && !services.has(span.service) && !isBelowRun(span)) found.ofCaller.push(span)
    else found.unexpected.push(span)
  }
  return found
}

/** The span ids of calls that no SERVER span is owed for. */
function unansweredCalls(ledger: LedgerAnswer): Set<string | null> {
  const calls = new Set<string | null>()
  for (const { steps, sampled } of ledger.runs) {
    if (!sampled) continue
    const answered = new Set(steps.filter(({ span_id }) => span_id === null).map(({ parent_id }) => parent_id))
    for (const { id, facts, span_id } of steps)
      if (facts.operation === 'http_client' && !answered.has(id)) calls.add(span_id)
  }
  return calls
}
