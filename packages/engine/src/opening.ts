import type { Attributes, Link } from '@opentelemetry/api'
import { type AtiSpanKind, ati } from 'dialects/gen-ai/semconv'
import type { LedgerStep, Operation } from 'contract/ledger'
import type { RunContext } from './run-context.ts'

/** What is known of a step before it starts. */
export interface Opening {
  key: string
  operation: Operation
  name: string
  kind: LedgerStep['kind']
  spanKind?: AtiSpanKind
  attributes?: Attributes
  /** Another agent instance than the parent's. */
  agentId?: string
  attempt?: number
  injected?: LedgerStep['injected']
  /** Steps that this one waited for: a span link to each. */
  dependsOn?: readonly LedgerStep[]
}

/** What is written on the span at its start. A CLIENT span of HTTP keeps to the HTTP conventions. */
export function attributesOf(opening: Opening, run: RunContext, agentId: string): Attributes {
  if (opening.operation === 'http_client') return opening.attributes ?? {}
  return {
    ...opening.attributes,
    ...run.attributes,
    [ati.agentId]: agentId,
    [ati.spanKind]: opening.spanKind ?? 'internal',
  }
}

/** Links to the spans of the steps that were waited for. */
export function linksOf({ dependsOn = [] }: Opening, traceId: string, traceFlags: number): Link[] {
  return dependsOn.map(({ span_id }) => ({ context: { traceId, spanId: span_id ?? '', traceFlags } }))
}
