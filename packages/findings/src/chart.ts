/** What to draw of a finding: a shape, and the figures that it needs. Calls and times it takes from the trace itself. */
export type Chart =
  /** Every tool call by its duration, with lines for what a table would say of them. */
  | { shape: 'strip'; title: string; marked: readonly string[]; lines: { name: string; ms: number }[] }
  /** Spans whose names begin with one of these, one after the other, as parts of a whole. */
  | { shape: 'stack'; title: string; names: readonly string[]; marked?: readonly string[] }
  | { shape: 'branches'; observed: BranchFigures }
  | { shape: 'attempts'; observed: AttemptFigures }
  | { shape: 'scatter'; observed: ScatterFigures }
  | { shape: 'timeline'; observed: TimelineFigures }
  | { shape: 'load'; observed: LoadFigures }
  | { shape: 'answers'; observed: AnswerFigures }

/** Branches of a join: how long each took, and how much longer it could have. */
export interface BranchFigures {
  branches: { span_id: string; agent_id: string | null; ms: number; slack_ms: number }[]
  bottleneck: { span_id: string } | null
}

/** Which tools failed, and sequences of attempts with the back-offs between them. */
export interface AttemptFigures {
  origin: { tools: { tool: string; attempts: number; failures: number; failure_rate: number }[] }
  sequences: {
    tool: string
    agent_id: string | null
    gave_up: boolean
    attempts: { status: number | null; failed: boolean; backoff_ms: number | null }[]
  }[]
}

/** Time over size, and the line that fits best. */
export interface ScatterFigures {
  span_ids: string[]
  chunks: { span_id: string; bytes: number; ms: number }[]
  ms_per_kb: number | null
  r: number | null
}

/** Tokens over time, with the background work behind them. */
export interface TimelineFigures {
  ttft_ms: number | null
  tokens: number
  rate_with_background: number | null
  rate_without_background: number | null
  stalls: { tokens: number; at_ms: number }[]
  background: { calls: number; failures: number; started_ms: number | null; ended_ms: number | null }
}

/** Attempts and refusals over time, and when the tool refused, or kept waiting. */
export interface LoadFigures {
  tool: string | null
  bins: { at_ms: number; attempts: number; refused: number }[]
  window: { from_ms: number; to_ms: number } | null
  recovered_ms: number | null
  amplification: number
  refused: number
  kept_waiting: number
  gave_up: number
}

/** What calls were answered: how much of how much there is, and what is wrong with it. */
export interface AnswerFigures {
  answers: { tool: string; count: number | null; total: number | null; flaw: string | null }[]
}
