import type { SomeFacts } from 'contract/facts'

/**
 * A step as the formulas here see it. The ledger and received spans are both mapped to it, so that what a run knows of
 * itself and what a trace reveals are computed by the same code.
 */
export interface AnalysisStep {
  span_id: string
  parent_span_id: string | null
  operation: string
  name: string
  service: string
  agent_id: string | null
  facts: SomeFacts
  events: readonly AnalysisEvent[]
  /** Milliseconds since the epoch, with fraction. */
  start_ms: number
  end_ms: number
  failed: boolean
  /** Whether it goes on with something of another trace, and says so by a link. */
  linksElsewhere?: boolean
  /** What a tool was given, and what it answered, as text; absent where the span does not say. */
  arguments?: string | undefined
  result?: string | undefined
}

/** An event of whatever name; what another name would have is not there. */
export interface AnalysisEvent {
  name: string
  time_ms: number
  attempt?: number | undefined
  delay_ms?: number | undefined
  tokens?: number | undefined
  gap_ms?: number | undefined
  next_ms?: number | undefined
  outcome?: string | undefined
}

/** What went wrong between an agent and its model. */
export interface FailingModel {
  /** Attempts that failed, and answers that were withheld, by status or in words. */
  failures: Record<string, number>
  /** Model calls that nobody answered. */
  gave_up: number
}

/** What a trace shows, by the rule of its scenario; `span_ids` are what the rule points at, empty when it finds nothing. */
export interface Observed {
  span_ids: string[]
  /** Where model calls failed, whatever else the rule looks for. */
  failing_model?: FailingModel
}

export function durationOf(step: AnalysisStep): number {
  return step.end_ms - step.start_ms
}

export function withOperation<Step extends AnalysisStep>(steps: readonly Step[], operation: string): Step[] {
  return steps.filter((step) => step.operation === operation)
}

/** Steps in order of start, ties by span id, so that what is computed does not depend on the order of arrival. */
export function byStart<Step extends AnalysisStep>(steps: readonly Step[]): Step[] {
  return [...steps].sort((a, b) => a.start_ms - b.start_ms || compare(a.span_id, b.span_id))
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The step that stands for the whole run: its SERVER span has not ended when the run's answer is written. */
export function workflowOf(steps: readonly AnalysisStep[]): AnalysisStep | undefined {
  return steps.find(({ operation }) => operation === 'invoke_workflow')
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** From here on a double has no thousandths. */
const mostRounded = 2 ** 43

/** To a thousandth: figures are read by people, and compared. */
export function round(value: number): number {
  // Never -0, which JSON does not know.
  return Math.abs(value) < mostRounded ? Math.round(value * 1000) / 1000 + 0 : value
}
