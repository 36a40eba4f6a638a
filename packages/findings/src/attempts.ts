import { toolOf } from './calls.ts'
import { type AnalysisStep, byStart, durationOf, withOperation } from './step.ts'

/** An attempt of a tool call. */
export interface ToolAttempt {
  span_id: string
  tool: string
  agent_id: string | null
  /** The call that it is of. */
  call: AnalysisStep
  /** 0 for the first. */
  number: number
  start_ms: number
  end_ms: number
  /** Of the answer; null when there was none. */
  status: number | null
  failed: boolean
  /** Refused because others had all there was, and with no word of when to come again. */
  isRefused: boolean
  /** When the tool began with it, as far as its answer says: it may have had to wait. */
  begun_ms: number
}

/** The attempts of a run, in order of start. */
export function toolAttempts(steps: readonly AnalysisStep[]): ToolAttempt[] {
  const calls = new Map(
    steps
      .filter(({ operation }) => operation === 'execute_tool' || operation === 'retrieval')
      .map((call) => [call.span_id, call]),
  )
  return byStart(withOperation(steps, 'http_client')).flatMap((attempt): ToolAttempt[] => {
    const call = calls.get(attempt.parent_span_id ?? '')
    if (!call) return []
    const { span_id, start_ms, end_ms, failed, facts } = attempt
    const served = failed ? undefined : servedMs(call.result)
    return [
      {
        span_id,
        tool: toolOf(call),
        agent_id: call.agent_id,
        call,
        number: facts.attempt ?? 0,
        start_ms,
        end_ms,
        status: facts.status ?? null,
        failed,
        isRefused: facts.status === 429 && facts.retry_after === undefined,
        begun_ms: served === undefined ? start_ms : end_ms - Math.min(served, durationOf(attempt)),
      },
    ]
  })
}

/** How long the tool worked for its answer, where that says so. */
function servedMs(result: string | undefined): number | undefined {
  const said = /"served_ms":(\d+(?:\.\d+)?)/.exec(result ?? '')?.[1]
  return said === undefined ? undefined : Number(said)
}
