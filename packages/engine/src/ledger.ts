import { hash } from 'node:crypto'
import { contentFactsOf, type Operation, type StepEvent } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'

/** Makes of stated facts what the ledger keeps, in the same object: of content its length and hash. */
export function keep(operation: Operation, facts: Record<string, unknown>): void {
  for (const name of contentFactsOf(operation)) {
    const text = facts[name]
    if (typeof text === 'string') facts[name] = { length: text.length, sha256: hash('sha256', text) }
  }
}

/** Fields of a step that most steps leave as they are. */
type Usual = Pick<LedgerStep, 'depends_on' | 'remote_parent_span_id' | 'injected'>

/** A step whose facts are as they were stated, with what the ledger keeps of them. */
export function kept(step: LedgerStep): LedgerStep {
  const { operation } = step.facts
  if (contentFactsOf(operation).length === 0) return step
  const facts = { ...step.facts }
  keep(operation, facts)
  return { ...step, facts }
}

/** The steps of one run, in order of start. */
export class Ledger {
  readonly steps: LedgerStep[] = []

  open(
    step: Pick<LedgerStep, 'parent_id' | 'key' | 'agent_id' | 'span_id' | 'service' | 'facts' | 'start_ms'> & {
      [Name in keyof Usual]?: Usual[Name] | undefined
    },
  ): LedgerStep {
    const opened: LedgerStep = {
      id: this.steps.length,
      parent_id: step.parent_id,
      key: step.key,
      agent_id: step.agent_id,
      depends_on: step.depends_on ?? none,
      span_id: step.span_id,
      remote_parent_span_id: step.remote_parent_span_id ?? null,
      service: step.service,
      facts: step.facts,
      events: none,
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

  event(step: LedgerStep, event: StepEvent): void {
    if (step.events === none) step.events = []
    step.events.push(event)
  }
}

/** Shared by all steps without events and joins: there are tens of thousands of them. */
const none: never[] = []
