import type { ToolAnswer } from 'contract/tool'

/** The tools as an agent sees them. */
export interface Tools {
  /** Where they are, for the span: no trailing slash. */
  readonly base: URL
  /**
   * Makes one call, with no retry. Rejects with ToolFailure, ToolServiceUnreachable or the signal's reason.
   * `headers` carry the trace context; `asked` is how long the call was asked to take, and how much to answer.
   */
  call(
    tool: string,
    behavior: string,
    asked: { delayMs: number; payloadKb: number },
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<ToolAnswer>
}
