import type { SpanRef } from 'contract/handoff'
import type { StepEvent } from 'contract/facts'
import type { LedgerAnswer, LedgerStep, RunLedger } from 'contract/ledger'
import type { Dialect, SpanKind } from 'dialects/dialect'
import { dialectOf } from 'dialects'
import type { Attributes } from 'dialects/line'
import { shortPath } from './path.ts'

/** A span that a run owes us, as its dialect writes it, and its place in the run. */
export class Expectation {
  readonly step: LedgerStep
  readonly parent: Expectation | undefined
  /** The spans that it links to. */
  readonly links: readonly SpanRef[]
  readonly #run: RunLedger
  readonly #dialect: Dialect

  constructor(step: LedgerStep, before: ReadonlyMap<number, Expectation>, run: RunLedger, dialect: Dialect) {
    this.step = step
    this.parent = step.parent_id === null ? undefined : before.get(step.parent_id)
    const { trace_id } = run
    const own = step.depends_on.map((id) => ({ trace_id, span_id: before.get(id)?.step.span_id ?? '' }))
    this.links = [...own, ...(step.links ?? [])]
    this.#run = run
    this.#dialect = dialect
  }

  get name(): string {
    return this.#dialect.nameOf(this.step.facts)
  }

  get kind(): SpanKind {
    return this.#dialect.kindOf(this.step.facts)
  }

  get attributes(): Attributes {
    return this.#dialect.attributesOf(this.step, this.#run)
  }

  get events(): readonly StepEvent[] {
    return this.step.events.filter(({ name }) => this.#dialect.writesEvent(name))
  }

  eventAttributes(event: StepEvent): Attributes {
    return this.#dialect.eventAttributes(event)
  }

  /** On the wire; null for a root, and the caller's own where a caller sent one. */
  get parentSpanId(): string | null {
    return this.parent ? this.parent.step.span_id : this.step.remote_parent_span_id
  }

  /** Whether the parent is the caller's, who may not send spans here. */
  get isRemoteParent(): boolean {
    return !this.parent && this.step.remote_parent_span_id !== null
  }

  get traceState(): string {
    return this.#run.trace_state
  }
}

/** Whether a run may still make spans: it has not been answered, or a step of it has not ended. */
export function isRunning(run: RunLedger): boolean {
  return run.state === 'running' || run.steps.some(({ duration_ms }) => duration_ms === null)
}

/** Every span that the sampled runs of a trace owe, in order of start; steps that still run owe none yet. */
export function expectationsOf(ledger: LedgerAnswer): Expectation[] {
  return ledger.runs.filter(({ sampled }) => sampled).flatMap((run) => ofRun(run))
}

function ofRun(run: RunLedger): Expectation[] {
  const dialect = dialectOf(run.dialect).withQuirks(run.quirks ?? [])
  const byId = new Map<number, Expectation>()
  for (const step of run.steps) byId.set(step.id, new Expectation(step, byId, run, dialect))
  return [...byId.values()].filter(({ step }) => step.duration_ms !== null)
}

/** Where a step is in its run: names from the root, and its key at the end. */
export function pathOf(expectation: Expectation): string {
  const names: string[] = []
  for (let at: Expectation | undefined = expectation; at; at = at.parent) names.push(at.name)
  return `${shortPath(names.reverse())} [${expectation.step.key}]`
}
