import type { SpanCounters } from './processor.ts'
import type { Telemetry } from './telemetry.ts'

export const noSpans: SpanCounters = {
  created: 0,
  exported: 0,
  queued: 0,
  refused: 0,
  unconfirmed: 0,
  dropped: 0,
  resent: 0,
}

/** Of a process that leaves no spans. */
export const noTelemetry: Telemetry = {
  counters: () => noSpans,
  destinations: () => [],
  resource: () => undefined,
  shutdown: async () => 0,
}
