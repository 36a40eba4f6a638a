import type { LedgerAnswer } from 'contract/ledger'
import type { ReceivedSpan } from '../otlp/span.ts'
import type { Trace } from '../trace.ts'
import type { Found } from './difference.ts'
import { type Expectation, expectationsOf } from './expectation.ts'
import { match, type Match } from './match.ts'
import { compareResources } from './resource.ts'
import { compareSpan } from './span.ts'
import { strangers, type Strangers } from './strangers.ts'
import { termsOf } from './terms.ts'
import type { Transport } from './transport.ts'

export type Received = Pick<Trace, 'spans' | 'repeats'>
export const nothing: Received = { spans: new Map(), repeats: new Map() }

/** One difference, and whose it is: what is missing has no span, and a stranger no expectation. */
export interface Flaw {
  found: Found
  expectation: Expectation | undefined
  span: ReceivedSpan | undefined
}

/** All that is between what the runs of a trace did and what came of it. */
export interface Comparison extends Pick<Match, 'pairs' | 'missing' | 'skew'> {
  strangers: Strangers
  flaws: Flaw[]
}

/** Holds what came of a trace against what its runs did, span by span: the one pass that verdicts and pictures are read off. */
export function compare(ledger: LedgerAnswer, { spans, repeats }: Received, transport: Transport): Comparison {
  const { pairs, missing, rest, skew } = match(expectationsOf(ledger), spans)
  const terms = termsOf(ledger, transport, skew)
  const flaws: Flaw[] = []
  const add = (found: Found, expectation: Expectation | undefined, span: ReceivedSpan | undefined) =>
    flaws.push({ found, expectation, span })

  for (const expectation of missing) {
    const expected = { name: expectation.name, service: expectation.step.service }
    add({ kind: 'missing', expected, actual: null }, expectation, undefined)
  }
  for (const [expectation, span] of pairs) {
    if (isOrphan(expectation, span, spans))
      add({ kind: 'orphaned', expected: span.parentSpanId, actual: null }, expectation, span)
    for (const found of compareSpan(expectation, span, terms)) add(found, expectation, span)
  }
  for (const [expectation, span, found] of compareResources(pairs, terms)) add(found, expectation, span)
  const others = strangers(ledger, rest, spans)
  for (const span of others.unexpected) {
    const actual = { name: span.name, service: span.service, parent_span_id: span.parentSpanId }
    add({ kind: 'unexpected', expected: null, actual }, undefined, span)
  }
  const expectationOf = new Map(repeats.size > 0 ? pairs.map(([expectation, { spanId }]) => [spanId, expectation]) : [])
  for (const [spanId, { times, alike }] of repeats) {
    const found: Found = { kind: 'duplicated', expected: 1, actual: alike ? times : { times, alike } }
    add(found, expectationOf.get(spanId), spans.get(spanId))
  }
  return { pairs, missing, skew, strangers: others, flaws }
}

/** Whether the span's parent is where it should be, and did not arrive. */
function isOrphan(expectation: Expectation, span: ReceivedSpan, spans: ReadonlyMap<string, ReceivedSpan>): boolean {
  const { parentSpanId, isRemoteParent } = expectation
  return parentSpanId !== null && !isRemoteParent && span.parentSpanId === parentSpanId && !spans.has(parentSpanId)
}
