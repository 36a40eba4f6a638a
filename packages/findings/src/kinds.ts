import { criticalPath } from './critical-path.ts'
import { cumulativeLatency } from './cumulative-latency.ts'
import { idleWait } from './idle-wait.ts'
import { retryStorm } from './retry-storm.ts'
import { sizeLatency } from './size-latency.ts'
import type { AnalysisStep } from './step.ts'
import { stepVariance } from './step-variance.ts'
import { stragglers } from './straggler.ts'
import { tokenTimeline } from './token-timeline.ts'

/** What a good tool must see in a trace, by kind. */
export const observers = {
  straggler: stragglers,
  cumulative_latency: cumulativeLatency,
  retry_storm: retryStorm,
  critical_path: criticalPath,
  step_variance: stepVariance,
  idle_wait: idleWait,
  size_latency: sizeLatency,
  token_timeline: tokenTimeline,
} satisfies Record<string, (steps: readonly AnalysisStep[]) => { span_ids: string[] }>

export type FindingKind = keyof typeof observers
export type ObservedOf<Kind extends FindingKind> = ReturnType<(typeof observers)[Kind]>
/** An observation together with what kind it is of. */
export type Observation = { [Kind in FindingKind]: { kind: Kind; observed: ObservedOf<Kind> } }[FindingKind]

/** What is to be found in the traces of a scenario. */
const kinds: Readonly<Record<string, FindingKind>> = {
  fanout: 'straggler',
  chain: 'cumulative_latency',
  retry: 'retry_storm',
  dag: 'critical_path',
  react: 'step_variance',
  human: 'idle_wait',
  rag: 'size_latency',
  stream: 'token_timeline',
}

/** The observation that is due for a scenario; undefined for one that nobody has said anything of. */
export function observe(scenario: string, steps: readonly AnalysisStep[]): Observation | undefined {
  const kind = Object.hasOwn(kinds, scenario) ? kinds[scenario] : undefined
  return kind && ({ kind, observed: observers[kind](steps) } as Observation)
}
