import type { FactsOf, Operation, Stated, StepEvent } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { Random } from 'contract/random'
import type { OpenSpan, SpanOpening } from './ports.ts'
import type { RunContext } from './run-context.ts'

/** What is known of a step before it starts. */
export interface Opening extends SpanOpening {
  key: string
  /** Another agent instance than the parent's. */
  agentId?: string
  injected?: LedgerStep['injected']
}

/** A step under way, as operations see it: what they are made of. */
export interface OpenStep {
  readonly run: RunContext
  readonly record: LedgerStep
  readonly span: OpenSpan
  /** Names the agent in keys, whatever the step is nested in: `worker/7`. */
  readonly key: string
  /** Chance for this step, the same whatever happened elsewhere. */
  readonly random: Random
  /** How long the step would take if nothing but the drawn times took time, ms. */
  idealMs: number
  /** Opens a step below this one for as long as `body` takes. */
  open<T>(opening: Opening, body: (step: OpenStep) => Promise<T>): Promise<T>
  /** Adds facts that came to be known, to span and ledger. */
  learn<Op extends Operation>(facts: Partial<Stated<FactsOf<Op>>>): void
  /** Adds an event to span and ledger. */
  event(event: StepEvent): void
  /** Marks the step as failed; the first reason stays. */
  fail(type: string, message: string): void
  /** Spends `ms` of drawn time. */
  spend(ms: number): Promise<void>
}
