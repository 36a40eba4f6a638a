import { hash } from 'node:crypto'
import type { AttributeValue, LedgerStep } from 'contract/ledger'
import { contentAttributes } from 'dialects/gen-ai/semconv'

/** An attribute value as the ledger keeps it. */
export function kept(name: string, value: unknown): AttributeValue {
  if (typeof value === 'string' && contentAttributes.has(name))
    return { length: value.length, sha256: hash('sha256', value) }
  return value as AttributeValue
}

/** All attributes of a span as the ledger keeps them, in the same object. */
export function keepAll(attributes: Record<string, unknown>): LedgerStep['attributes'] {
  for (const name in attributes) if (contentAttributes.has(name)) attributes[name] = kept(name, attributes[name])
  return attributes as LedgerStep['attributes']
}

/** Fields of a step that most steps leave as they are. */
type Usual = Pick<LedgerStep, 'attempt' | 'depends_on' | 'remote_parent_span_id' | 'links' | 'injected'>

/** The steps of one run, in order of start. */
export class Ledger {
  readonly steps: LedgerStep[] = []

  open(
    step: Omit<
      LedgerStep,
      keyof Usual | 'id' | 'events' | 'status' | 'error_type' | 'status_message' | 'duration_ms' | 'tool'
    > & {
      [Name in keyof Usual]?: Usual[Name] | undefined
    },
  ): LedgerStep {
    const opened: LedgerStep = {
      id: this.steps.length,
      parent_id: step.parent_id,
      key: step.key,
      operation: step.operation,
      agent_id: step.agent_id,
      attempt: step.attempt ?? null,
      depends_on: step.depends_on ?? none,
      span_id: step.span_id,
      remote_parent_span_id: step.remote_parent_span_id ?? null,
      name: step.name,
      kind: step.kind,
      service: step.service,
      attributes: step.attributes,
      events: none,
      links: step.links ?? none,
      status: 'unset',
      error_type: null,
      status_message: '',
      start_ms: step.start_ms,
      duration_ms: null,
      injected: step.injected ?? null,
      tool: null,
    }
    this.steps.push(opened)
    return opened
  }

  event(step: LedgerStep, event: LedgerStep['events'][number]): void {
    if (step.events === none) step.events = []
    step.events.push(event)
  }
}

/** Shared by all steps without events, links and joins: there are tens of thousands of them. */
const none: never[] = []
