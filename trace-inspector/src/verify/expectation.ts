import type { LedgerAnswer, RunLedger } from 'contract/ledger'
import type { LedgerStep } from 'contract/ledger'
import { shortPath } from './path.ts'

/** A span that a run owes us, and its place in the run. */
export interface Expectation {
  readonly step: LedgerStep
  readonly parent: Expectation | undefined
  /** On the wire; null for a root, and the caller's own where a caller sent one. */
  readonly parentSpanId: string | null
  /** Whether the parent is the caller's, who may not send spans here. */
  readonly isRemoteParent: boolean
  readonly traceState: string
}

/** Whether a run may still make spans: it has not been answered, or a step of it has not ended. */
export function isRunning(run: RunLedger): boolean {
  return run.state === 'running' || run.steps.some(({ duration_ms }) => duration_ms === null)
}

/** Every span that the sampled runs of a trace owe, in order of start; steps that still run owe none yet. */
export function expectationsOf(ledger: LedgerAnswer): Expectation[] {
  return ledger.runs.filter(({ sampled }) => sampled).flatMap((run) => ofRun(run))
}

function ofRun({ steps, trace_state }: RunLedger): Expectation[] {
  const byId = new Map<number, Expectation>()
  for (const step of steps) {
    const parent = step.parent_id === null ? undefined : byId.get(step.parent_id)
    byId.set(step.id, {
      step,
      parent,
      parentSpanId: parent ? parent.step.span_id : step.remote_parent_span_id,
      isRemoteParent: !parent && step.remote_parent_span_id !== null,
      traceState: trace_state,
    })
  }
  return [...byId.values()].filter(({ step }) => step.duration_ms !== null)
}

/** Where a step is in its run: names from the root, and its key at the end. */
export function pathOf(expectation: Expectation): string {
  const names: string[] = []
  for (let at: Expectation | undefined = expectation; at; at = at.parent) names.push(at.step.name)
  return `${shortPath(names.reverse())} [${expectation.step.key}]`
}
