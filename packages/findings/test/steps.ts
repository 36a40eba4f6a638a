import type { AnalysisStep } from '../src/step.ts'

/** A step of a trace that was made by hand: a workflow where it has no parent, an agent otherwise. */
export function step(
  span_id: string,
  parent_span_id: string | null,
  start_ms: number,
  end_ms: number,
  more: Partial<AnalysisStep> = {},
): AnalysisStep {
  return {
    span_id,
    parent_span_id,
    operation: parent_span_id === null ? 'invoke_workflow' : 'invoke_agent',
    name: span_id,
    service: 'agent',
    agent_id: null,
    facts: {},
    events: [],
    start_ms,
    end_ms,
    failed: false,
    ...more,
  }
}

/** A tool call that begins when it is said. */
export const call = (
  span_id: string,
  start_ms: number,
  ms: number,
  { tool = 'search', ...more }: Partial<AnalysisStep> & { tool?: string; delay_ms?: number } = {},
): AnalysisStep =>
  step(span_id, 'root', start_ms, start_ms + ms, {
    operation: 'execute_tool',
    name: `execute_tool ${tool}`,
    ...more,
    facts: { tool, delay_ms: more.delay_ms },
  })
