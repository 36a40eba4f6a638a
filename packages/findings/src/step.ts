/**
 * A step as the formulas here see it. The ledger and received spans are both mapped to it, so that what a run knows of
 * itself and what a trace reveals are computed by the same code. Nothing in this folder imports anything from elsewhere.
 */
export interface AnalysisStep {
  span_id: string
  parent_span_id: string | null
  operation: string
  name: string
  service: string
  agent_id: string | null
  attributes: Readonly<Record<string, unknown>>
  events: readonly { name: string; time_ms: number; attributes: Readonly<Record<string, unknown>> }[]
  /** Milliseconds since the epoch, with fraction. */
  start_ms: number
  end_ms: number
  failed: boolean
}

/** What a trace shows, by the rule of its scenario; `span_ids` are what the rule points at, empty when it finds nothing. */
export interface Observed {
  span_ids: string[]
}

export function durationOf(step: AnalysisStep): number {
  return step.end_ms - step.start_ms
}

export function withOperation(steps: readonly AnalysisStep[], operation: string): AnalysisStep[] {
  return steps.filter((step) => step.operation === operation)
}

/** Steps in order of start, ties by span id, so that what is computed does not depend on the order of arrival. */
export function byStart(steps: readonly AnalysisStep[]): AnalysisStep[] {
  return [...steps].sort((a, b) => a.start_ms - b.start_ms || compare(a.span_id, b.span_id))
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The step that stands for the whole run: its SERVER span has not ended when the run's answer is written. */
export function workflowOf(steps: readonly AnalysisStep[]): AnalysisStep | undefined {
  return steps.find(({ operation }) => operation === 'invoke_workflow')
}

export function numberAt(step: AnalysisStep | undefined, attribute: string): number | undefined {
  const value = step?.attributes[attribute]
  return typeof value === 'number' ? value : undefined
}

export function textAt(step: AnalysisStep, attribute: string): string {
  const value = step.attributes[attribute]
  return typeof value === 'string' ? value : ''
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** To a thousandth: figures are read by people, and compared. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
