import type { Attributes } from '@opentelemetry/api'
import type { SpanCounters } from './processor.ts'

export interface Destination {
  /** Scheme, host and port: the rest may be a secret. */
  endpoint: string
  counters: SpanCounters
  /** Where the next span will stand among all that were ever kept for it. */
  end: number
  /** How many of the first `end` of those have not left yet. */
  keptBefore: (end: number) => number
}

export interface Telemetry {
  /** What happened to this process's spans at their first destination; all 0 where nothing is exported by OTLP. */
  counters(): SpanCounters
  /** Where spans go by OTLP, and what happened to them on each way. */
  destinations(): Destination[]
  /** The attributes of the resource, which are on all spans; undefined before the first of them, and where only the SDK knows. */
  resource(): Attributes | undefined
  /** Sends what is queued, for `deadlineMs` at most, and ends. Resolves to the number of spans that were lost by it. */
  shutdown(deadlineMs: number): Promise<number>
}
