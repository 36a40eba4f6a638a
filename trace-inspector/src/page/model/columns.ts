/**
 * A trace as the page draws it: one array for each property of its spans, which is a thirtieth of the size of OTLP and
 * parsed in a blink. Attributes are asked for when a span is opened.
 */
export interface Columns {
  trace_id: string
  /** What all times count from, ms since the epoch; null where no time is known. */
  origin_ms: number | null
  /** The words that the columns below point into. */
  names: string[]
  services: string[]
  /** Of `ati.agent.id`. */
  agents: string[]
  id: string[]
  /** Position of the parent; −1 for a root, and where the parent is not there. Never in a circle. */
  parent: number[]
  name: number[]
  service: number[]
  /** −1 for none. */
  agent: number[]
  /** Since the origin, ms. */
  start: number[]
  duration: number[]
  /** Sums of `flag`. */
  flags: number[]
  /** Events, in order of time. */
  events: { span: number[]; at: number[]; name: number[] }
  links: { from: number[]; to: number[] }
}

/** What is to be said of a span, as bits. */
export const flag = {
  error: 1,
  /** Waiting for a person. */
  idle: 2,
  /** Lost: only the ledger knows of it. */
  lost: 4,
  /** Arrived, and something of it is not as it was written. */
  altered: 8,
  /** Arrived, and no step of the run. */
  unexpected: 16,
  /** Its parent did not arrive. */
  orphaned: 32,
  /** When it began or ended is not known, or it ended before it began: it takes no time. */
  no_start: 64,
  not_ended: 128,
  ended_before_start: 256,
  /** The root of another trace, put where it belongs. */
  stitched: 512,
} as const

export function has(columns: Columns, span: number, bit: number): boolean {
  return ((columns.flags[span] as number) & bit) !== 0
}

export const nameOf = (columns: Columns, span: number): string => columns.names[columns.name[span] as number] as string
export const serviceOf = (columns: Columns, span: number): string =>
  columns.services[columns.service[span] as number] as string
/** Empty where the span names no agent. */
export const agentOf = (columns: Columns, span: number): string => columns.agents[columns.agent[span] as number] ?? ''
/** The agent that a span was the work of: its own, or that of the nearest span above that names one. */
export function actorOf(columns: Columns, span: number): string {
  for (let at = span; at >= 0; at = columns.parent[at] as number)
    if ((columns.agent[at] as number) >= 0) return shortAgentOf(columns, at)
  return ''
}

/** The agent without what it shares with its mesh: `worker:7` of `SecondaryAgent:worker:7`. */
export const shortAgentOf = (columns: Columns, span: number): string =>
  agentOf(columns, span).split(':').slice(-2).join(':')
export const endOf = (columns: Columns, span: number): number =>
  (columns.start[span] as number) + (columns.duration[span] as number)

/** First start and last end of all spans, ms since the origin. */
export function extentOf(columns: Columns): { start: number; end: number } {
  let start = Infinity
  let end = -Infinity
  for (let span = 0; span < columns.id.length; span++) {
    start = Math.min(start, columns.start[span] as number)
    end = Math.max(end, endOf(columns, span))
  }
  return start <= end ? { start, end } : { start: 0, end: 0 }
}
