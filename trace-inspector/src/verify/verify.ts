import type { LedgerAnswer } from 'contract/ledger'
import type { ReceivedSpan } from '../otlp/span.ts'
import type { Trace } from '../trace.ts'
import { type Transport, otlp } from './transport.ts'
import { type Difference, type DifferenceKind, Differences } from './difference.ts'
import type { Excuse } from './excuse.ts'
import { type Expectation, expectationsOf, isRunning, pathOf } from './expectation.ts'
import { match } from './match.ts'
import { compareResources } from './resource.ts'
import { skewByService } from './skew.ts'
import { termsOf } from './terms.ts'
import { shortPath } from './path.ts'
import { strangers } from './strangers.ts'
import { compareSpan } from './span.ts'

/**
 * `complete`: all there, once, unchanged. `absent`: nothing came, or nothing was sampled. An excuse where something is
 * missing and there is one: neither pass nor fail.
 */
export type Verdict = 'complete' | 'incomplete' | 'altered' | 'absent' | Excuse['verdict']

export interface Verification {
  trace_id: string
  verdict: Verdict
  /** Whether the run may still make spans. */
  run: 'running' | 'closed'
  counts: {
    /** Spans that are owed by now. */
    expected: number
    /** Spans that came, each counted once. */
    received: number
    /** SERVER spans of calls that got no answer: they may come, and need not. */
    not_owed: number
    /** Spans of whoever called the run, in the same trace. */
    of_caller: number
    /** Spans that are not here, and for which the verdict is the excuse. */
    excused: number
    differences: number
  } & Record<DifferenceKind, number>
  /** The first hundred. */
  differences: Difference[]
  /** Why something is missing, where that is known: one sentence. */
  note: string | null
  /** How far ahead of the agent's clock others were, ms, by service; subtracted before times were compared. */
  clock_skew_ms: Record<string, number>
  /** What the way that the spans came cannot carry, and what is not compared, in words. */
  not_carried: readonly string[]
}

type Received = Pick<Trace, 'spans' | 'repeats'>
const nothing: Received = { spans: new Map(), repeats: new Map() }

/** Compares what came of a trace with what its runs did, span by span. `excuse` is for what is missing. */
export function verify(
  ledger: LedgerAnswer,
  received: Received = nothing,
  { transport = otlp, excuse }: { transport?: Transport; excuse?: Excuse | undefined } = {},
): Verification {
  const { spans, repeats } = received
  const expectations = expectationsOf(ledger)
  const { pairs, missing, rest, skew } = match(expectations, spans)
  const isExcused = excuse !== undefined && missing.length > 0
  const terms = termsOf(ledger, transport, skew)
  const differences = new Differences()
  const expectationBySpan = new Map<string, Expectation>()
  for (const [expectation, span] of pairs) expectationBySpan.set(span.spanId, expectation)

  for (const expectation of isExcused ? [] : missing) {
    const { step } = expectation
    const expected = { name: expectation.name, service: step.service }
    differences.add({ kind: 'missing', expected, actual: null }, step.span_id, () => pathOf(expectation))
  }
  for (const [expectation, span] of pairs) {
    const found = compareSpan(expectation, span, terms)
    if (!isExcused && isOrphan(expectation, span, spans))
      found.unshift({ kind: 'orphaned', expected: span.parentSpanId, actual: null })
    for (const difference of found) differences.add(difference, span.spanId, () => pathOf(expectation))
  }
  for (const [expectation, span, found] of compareResources(pairs, terms))
    differences.add(found, span.spanId, () => pathOf(expectation))
  const others = strangers(ledger, rest, spans)
  for (const span of others.unexpected) {
    const actual = { name: span.name, service: span.service, parent_span_id: span.parentSpanId }
    differences.add({ kind: 'unexpected', expected: null, actual }, span.spanId, () => pathOfSpan(span, spans))
  }
  for (const [spanId, { times, alike }] of repeats) {
    const expectation = expectationBySpan.get(spanId)
    const span = spans.get(spanId) as ReceivedSpan
    differences.add({ kind: 'duplicated', expected: 1, actual: alike ? times : { times, alike } }, spanId, () =>
      expectation ? pathOf(expectation) : pathOfSpan(span, spans),
    )
  }

  const run = ledger.runs.some(isRunning) ? 'running' : 'closed'
  const hasCome = pairs.length > 0 || others.unexpected.length > 0
  return {
    trace_id: ledger.trace_id,
    verdict: isExcused
      ? excuse.verdict
      : !hasCome
        ? 'absent'
        : missing.length > 0 || run === 'running'
          ? 'incomplete'
          : differences.total > 0
            ? 'altered'
            : 'complete',
    run,
    counts: {
      expected: expectations.length,
      received: spans.size,
      not_owed: others.notOwed.length,
      of_caller: others.ofCaller.length,
      excused: isExcused ? missing.length : 0,
      differences: differences.total,
      ...differences.counts,
    },
    differences: differences.list,
    note: isExcused ? excuse.why : null,
    clock_skew_ms: skewByService(skew),
    not_carried: transport.notCarried,
  }
}

/** Whether waiting can change nothing any more: what is altered does not become better, what is missing may still come. */
export function isSettled({ run, counts }: Verification): boolean {
  return run === 'closed' && counts.missing + counts.excused === 0
}

/** Whether the span's parent is where it should be, and did not arrive. */
function isOrphan(expectation: Expectation, span: ReceivedSpan, spans: ReadonlyMap<string, ReceivedSpan>): boolean {
  const { parentSpanId, isRemoteParent } = expectation
  return parentSpanId !== null && !isRemoteParent && span.parentSpanId === parentSpanId && !spans.has(parentSpanId)
}

function pathOfSpan(span: ReceivedSpan, spans: ReadonlyMap<string, ReceivedSpan>): string {
  const names = new Map<ReceivedSpan, string>()
  // Spans from outside may be each other's parents.
  for (let at: ReceivedSpan | undefined = span; at && !names.has(at); at = spans.get(at.parentSpanId ?? ''))
    names.set(at, at.name)
  return shortPath([...names.values()].reverse())
}
