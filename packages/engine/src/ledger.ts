import { hash } from 'node:crypto'
import { contentFactsOf, type Facts, type Operation, type Stated, type StepEvent } from 'contract/facts'
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

/** What a tool was given, and what it answered, as text. */
export interface Said {
  arguments?: string | undefined
  result?: string | undefined
}

/** The steps of one run, in order of start. */
export class Ledger {
  readonly steps: LedgerStep[] = []
  /** Whether content stays in it as it was stated. */
  readonly #keepsText: boolean
  /** By step, what of its content the finding of the run may have to read. */
  readonly #said = new Map<number, Said>()

  constructor(keepsText: boolean) {
    this.#keepsText = keepsText
  }

  open(
    step: Pick<LedgerStep, 'parent_id' | 'key' | 'agent_id' | 'span_id' | 'service' | 'start_ms'> & {
      facts: Stated
    } & {
      [Name in keyof Usual]?: Usual[Name] | undefined
    },
  ): LedgerStep {
    const id = this.steps.length
    this.#take(id, step.facts.operation, step.facts)
    const opened: LedgerStep = {
      id,
      parent_id: step.parent_id,
      key: step.key,
      agent_id: step.agent_id,
      depends_on: step.depends_on ?? none,
      span_id: step.span_id,
      remote_parent_span_id: step.remote_parent_span_id ?? null,
      service: step.service,
      // Its content has just become what the ledger keeps of it.
      facts: step.facts as Facts,
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

  /** Facts that came to be known. */
  learn(step: LedgerStep, facts: Record<string, unknown>): void {
    this.#take(step.id, step.facts.operation, facts)
    Object.assign(step.facts, facts)
  }

  /** Makes of facts what is kept, in the same object. */
  #take(id: number, operation: Operation, facts: Record<string, unknown>): void {
    if (this.#keepsText) return
    if (operation === 'execute_tool') {
      const { arguments: given, result } = facts as Said
      if (given !== undefined || result !== undefined)
        this.#said.set(id, {
          ...this.#said.get(id),
          ...(given !== undefined && { arguments: given }),
          ...(result !== undefined && { result }),
        })
    }
    keep(operation, facts)
  }

  /** What a tool was given and what it answered, until that is forgotten. */
  saidIn({ id, facts }: LedgerStep): Said {
    return this.#keepsText ? (facts as Said) : (this.#said.get(id) ?? nothing)
  }

  /** Nobody reads again what was said. */
  forgetSaid(): void {
    this.#said.clear()
  }

  event(step: LedgerStep, event: StepEvent): void {
    if (step.events === none) step.events = []
    step.events.push(event)
  }
}

/** Shared by all steps without events and joins: there are tens of thousands of them. */
const none: never[] = []
const nothing: Said = {}
