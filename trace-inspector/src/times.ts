/** Times that came with a span, ms since the epoch; null where they are not known. */
interface Times {
  startMs: number | null
  endMs: number | null
}

export interface Extent {
  startMs: number
  endMs: number
}

/**
 * Where a span lies for pictures and figures. One that has not ended, or ended before it began, takes no time; one whose
 * start is not known lies at its end, and without both at the origin of its trace.
 */
export function extentOf({ startMs, endMs }: Times, originMs: number): Extent {
  const start = startMs ?? endMs ?? originMs
  return { startMs: start, endMs: Math.max(start, endMs ?? start) }
}

/** What is odd about the times of a span; null when nothing is. */
export function oddityOf({ startMs, endMs }: Times): 'no_start' | 'not_ended' | 'ended_before_start' | null {
  if (startMs === null) return 'no_start'
  if (endMs === null) return 'not_ended'
  return endMs < startMs ? 'ended_before_start' : null
}

/** The first time that is known of spans; null where none is. */
export function originOf(spans: Iterable<Times>): number | null {
  let origin = Infinity
  for (const { startMs, endMs } of spans) origin = Math.min(origin, startMs ?? endMs ?? Infinity)
  return Number.isFinite(origin) ? origin : null
}
