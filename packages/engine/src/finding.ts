import { describe } from 'findings/describe'
import { observe, type Observation } from 'findings/kinds'
import { type AnalysisStep, compare } from 'findings/step'
import type { LedgerStep } from 'contract/ledger'

/** One thing that a run was made to suffer from. */
export interface Injected {
  key: string
  /** How long the call was made to take, ms. */
  drawn_ms: number
  span_id: string
}

export interface Finding {
  kind: Observation['kind']
  /** One sentence for a person. */
  text: string
  /** What seed and parameters planted, by key; null when nothing, and where the figure itself is the finding. */
  injected: Injected[] | null
  observed: Observation['observed']
}

/** What a good tool must see in the trace of a run: what was planted, and what the rule of its scenario finds. */
export function findingOf(scenario: string, steps: readonly LedgerStep[]): Finding | null {
  const observation = observe(scenario, toAnalysisSteps(steps))
  if (!observation) return null
  const { kind, observed } = observation
  return { kind, text: describe(observation), injected: injectedBy(kind, steps), observed }
}

/** Ledger steps as the formulas see them. SERVER spans of other services have no id here and are no part of any formula. */
export function toAnalysisSteps(steps: readonly LedgerStep[]): AnalysisStep[] {
  const spanIds = steps.map(({ span_id }) => span_id)
  return steps.flatMap((step) => {
    const {
      span_id,
      parent_id,
      operation,
      name,
      service,
      agent_id,
      attributes,
      events,
      start_ms,
      duration_ms,
      status,
    } = step
    if (span_id === null || duration_ms === null) return []
    return {
      span_id,
      parent_span_id: parent_id === null ? null : (spanIds[parent_id] ?? null),
      operation,
      name,
      service,
      agent_id,
      attributes,
      events,
      start_ms,
      end_ms: start_ms + duration_ms,
      failed: status === 'error',
    }
  })
}

const faults = {
  straggler: 'straggler',
  critical_path: 'straggler',
  step_variance: 'slow_tool',
  retry_storm: 'failure',
} as const

function injectedBy(kind: Finding['kind'], steps: readonly LedgerStep[]): Injected[] | null {
  const fault = kind in faults ? faults[kind as keyof typeof faults] : undefined
  if (fault === undefined) return null
  // A call's latency is drawn by its first attempt.
  const drawnByParent = new Map(
    steps.filter(({ attempt }) => attempt === 0).map((step) => [step.parent_id, step.injected?.drawn_ms]),
  )
  const planted = steps.filter(({ injected }) => injected?.fault === fault)
  if (planted.length === 0) return null
  return planted
    .map(({ id, key, span_id, injected }) => ({
      key,
      drawn_ms: injected?.drawn_ms ?? drawnByParent.get(id) ?? 0,
      span_id: span_id ?? '',
    }))
    .sort((a, b) => compare(a.key, b.key))
}
