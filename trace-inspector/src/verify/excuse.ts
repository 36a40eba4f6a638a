import type { Traces } from '../traces.ts'

/** Why spans may be missing that no pipeline lost; what it explains is no difference. */
export interface Excuse {
  /** `forgotten`: trace-inspector had them, or may have had them, and has them no more. */
  verdict: 'forgotten'
  /** In a sentence. */
  why: string
}

/** The excuse for spans of a trace that are missing, if there is one. `startedAt` is its first run's start, by `performance.now()`. */
export function excuseOf(traceId: string, startedAt: number, traces: Traces): Excuse | undefined {
  if (traces.hasEvicted(traceId))
    return { verdict: 'forgotten', why: 'Spans of this trace came, and had to go to bound memory (INSPECTOR_MIB)' }
  if (startedAt >= traces.knowsSince) return undefined
  return {
    verdict: 'forgotten',
    why: `The run began before ${sinceOf(traces).toISOString()}; trace-inspector does not know any more what came until then`,
  }
}

/** The time from which on it is known which traces came. */
export function sinceOf({ knowsSince }: Traces): Date {
  return new Date(Date.now() - (performance.now() - knowsSince))
}
