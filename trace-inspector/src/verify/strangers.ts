import { type LedgerAnswer, ledgerSchemaVersion } from 'contract/ledger'
import { instanceIdAttribute } from 'dialects/gen-ai/names'
import type { AskedLedger } from '../ledgers.ts'
import type { ReceivedSpan } from '../otlp/span.ts'

export interface Strangers {
  unexpected: ReceivedSpan[]
  /** SERVER spans of calls that got no answer: whether they were made, nobody knows. */
  notOwed: ReceivedSpan[]
  /** Of whoever called the run and sent its parent. */
  ofCaller: ReceivedSpan[]
  /** Of a run that nobody has a ledger of: the replica that played it is gone. */
  withoutLedger: ReceivedSpan[]
}

/** What is known of a trace that no agent has a ledger of; `silent` ones did not say so. */
export const withoutRuns = (traceId: string, silent: readonly string[]): AskedLedger => ({
  schema_version: ledgerSchemaVersion,
  trace_id: traceId,
  runs: [],
  senders: [],
  silent,
})

/** Whether somebody sent a parent with a run of a trace, and may have sent it with others. */
const hasCaller = ({ runs }: LedgerAnswer) =>
  runs.some(({ steps }) => steps.some((step) => step.remote_parent_span_id !== null))

/**
 * Agents that may know more of a trace and did not say so, in words: a trace that an agent began has no other runs elsewhere,
 * but the one that is known may go on.
 */
export function unheardOf(ledger: AskedLedger): readonly string[] {
  const mayBeAnywhere = ledger.runs.length === 0 || hasCaller(ledger)
  return (mayBeAnywhere ? ledger.silent : ledger.brokenOff) ?? []
}

/** Tells spans that are no step of a run apart: not all of them are somebody's fault. */
export function strangers(
  ledger: LedgerAnswer,
  rest: readonly ReceivedSpan[],
  spans: ReadonlyMap<string, ReceivedSpan>,
): Strangers {
  const found: Strangers = { unexpected: [], notOwed: [], ofCaller: [], withoutLedger: [] }
  if (ledger.runs.length === 0) return { ...found, withoutLedger: [...rest] }
  if (rest.length === 0) return found
  const steps = ledger.runs.flatMap((run) => (run.sampled ? run.steps : []))
  const services = new Set(steps.map(({ service }) => service))
  const spanIds = new Set(steps.flatMap(({ span_id }) => span_id ?? []))
  const isCalled = hasCaller(ledger)
  const unanswered = unansweredCalls(ledger)

  const isBelowRun = onPathTo(spans, ({ parentSpanId }) => spanIds.has(parentSpanId ?? ''))
  const isOfAnother = onPathTo(spans, ofOtherInstance(ledger))
  for (const span of rest) {
    if (span.kind === 'server' && unanswered.delete(span.parentSpanId)) found.notOwed.push(span)
    else if (isOfAnother(span)) found.withoutLedger.push(span)
    else if (isCalled && !services.has(span.service) && !isBelowRun(span)) found.ofCaller.push(span)
    else found.unexpected.push(span)
  }
  return found
}

/** Whether a span or one above it is such a span. Each is looked at once, however many are below it. */
function onPathTo(
  spans: ReadonlyMap<string, ReceivedSpan>,
  isSuch: (span: ReceivedSpan) => boolean,
): (span: ReceivedSpan) => boolean {
  const known = new Map<ReceivedSpan, boolean>()
  return (span) => {
    const path: ReceivedSpan[] = []
    let at: ReceivedSpan | undefined = span
    for (; at && !known.has(at); at = spans.get(at.parentSpanId ?? '')) {
      path.push(at)
      // Until more is known: spans from outside may be each other's parents.
      known.set(at, isSuch(at))
      if (known.get(at)) break
    }
    const isFound = at !== undefined && known.get(at) === true
    for (const each of path) known.set(each, isFound)
    return isFound
  }
}

/** Whether an agent's process wrote a span, and none of those that have a ledger. */
function ofOtherInstance({ senders }: LedgerAnswer): (span: ReceivedSpan) => boolean {
  const scopes = new Set(senders.map(({ scope }) => scope.name))
  const instances = new Set(senders.map(({ resource }) => resource?.[instanceIdAttribute]))
  // One that says nothing of itself may be any of them.
  if (instances.has(undefined)) return () => false
  return ({ scope, resource }) => {
    const instance = resource[instanceIdAttribute]
    return scopes.has(scope.name) && typeof instance === 'string' && !instances.has(instance)
  }
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
