import { costOf } from 'findings/prices'
import type { Usage } from 'contract/usage'
import { figuresFrom, noTokens, type Report, usageOf, type UsageStep } from 'findings/usage'

/** Reads off the spans of a trace what its model calls used. */
export type UsageReader = (steps: readonly UsageStep[]) => Usage

/** Adds up what spans say as it stands there; the prompt is priced as if there were no cache. */
const adding =
  (isCounted: (step: UsageStep) => boolean): UsageReader =>
  (steps) => {
    const byId = new Map(steps.map((step) => [step.span_id, step]))
    const agentOf = (step: UsageStep | undefined): string =>
      step === undefined || step.operation === 'invoke_agent'
        ? (step?.facts.definition ?? '')
        : agentOf(byId.get(step.parent_span_id))
    const reports = steps.filter(isCounted).map((step): Report => {
      const { input_tokens = 0, output_tokens = 0, response_model, model } = step.facts
      const tokens = { ...noTokens, input_tokens, output_tokens }
      const name = response_model ?? model ?? ''
      return { agent: agentOf(step), model: name, calls: 1, billedRetries: 0, unreported: 0, tokens }
    })
    const usage = figuresFrom(reports)
    const priced = reports.map(({ tokens }) => costOf('synthetic-llm-1', tokens) ?? 0)
    return { ...usage, cost_usd: priced.reduce((sum, cost) => sum + cost, 0) / 1e9 }
  }

/** By name: what somebody writes in a line, and `ceiling`, who knows how telemetry tells tokens. */
export const usageReaders: Readonly<Record<string, UsageReader>> = {
  'sum-of-spans': adding(() => true),
  'sum-of-calls': adding(({ operation }) => operation === 'chat'),
  ceiling: usageOf,
}
