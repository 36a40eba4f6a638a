import type { FaultKind } from 'contract/faults'
import type { Chart } from './chart.ts'
import type { Answers, Finding, Prediction, Seen } from './finding.ts'
import { failingModel, modelWords } from './failing-model.ts'
import { contextOverflow } from './kinds/context-overflow.ts'
import { criticalPath } from './kinds/critical-path.ts'
import { cumulativeLatency } from './kinds/cumulative-latency.ts'
import { hallucinatedCall } from './kinds/hallucinated-call.ts'
import { idleWait } from './kinds/idle-wait.ts'
import { repetition } from './kinds/repetition.ts'
import { overload } from './kinds/overload.ts'
import { retryStorm } from './kinds/retry-storm.ts'
import { severedContext } from './kinds/severed-context.ts'
import { silentFailure } from './kinds/silent-failure.ts'
import { sizeLatency } from './kinds/size-latency.ts'
import { stepVariance } from './kinds/step-variance.ts'
import { straggler } from './kinds/straggler.ts'
import { tokenTimeline } from './kinds/token-timeline.ts'
import type { AnalysisStep } from './step.ts'

/** What a good tool must see in a trace, by kind. */
const kinds = {
  straggler,
  cumulative_latency: cumulativeLatency,
  retry_storm: retryStorm,
  critical_path: criticalPath,
  step_variance: stepVariance,
  idle_wait: idleWait,
  size_latency: sizeLatency,
  token_timeline: tokenTimeline,
  severed_context: severedContext,
  repetition,
  overload,
  silent_failure: silentFailure,
  hallucinated_call: hallucinatedCall,
  context_overflow: contextOverflow,
}

export type FindingKind = keyof typeof kinds
export type ObservedOf<Kind extends FindingKind> = ReturnType<(typeof kinds)[Kind]['observe']>
/** An observation together with what kind it is of. */
export type Observation<Kind extends FindingKind = FindingKind> = {
  [Each in Kind]: { kind: Each; observed: ObservedOf<Each> }
}[Kind]

/** The same as a mapped type, by which the compiler ties an observation to its kind. */
const findings: { readonly [Kind in FindingKind]: Finding<ObservedOf<Kind>> } = kinds

export const findingKinds = Object.keys(kinds) as FindingKind[]

export function observe<Kind extends FindingKind>(kind: Kind, steps: readonly AnalysisStep[]): Observation<Kind> {
  const observed = findings[kind].observe(steps)
  const model = failingModel(steps)
  if (model) {
    observed.span_ids = [...new Set([...observed.span_ids, ...model.ids])]
    observed.failing_model = model.figures
  }
  return { kind, observed }
}

/** One sentence for a person. */
export function sentenceOf<Kind extends FindingKind>({ kind, observed }: Observation<Kind>): string {
  return findings[kind].sentence(observed) + modelWords(observed.failing_model)
}

/** The first two questions of the README's table, answered with a run's figures; the third is the finding itself. */
export function answersFor<Kind extends FindingKind>({ kind, observed }: Observation<Kind>, seen: Seen): Answers {
  return findings[kind].questions(observed, seen)
}

/** What a finding says that a run without its fault would save. */
export function predict<Kind extends FindingKind>({ kind, observed }: Observation<Kind>): Prediction | null {
  return findings[kind].without(observed)
}

export function chartOf<Kind extends FindingKind>({ kind, observed }: Observation<Kind>): Chart {
  return findings[kind].chart(observed)
}

/** What is behind findings of this kind. */
export const causeOf = (kind: FindingKind) => findings[kind].cause

/** The fault that plants findings of this kind, if one does. */
export function plantedBy(kind: FindingKind): FaultKind | undefined {
  const cause = causeOf(kind)
  return 'fault' in cause ? cause.fault : undefined
}
