import type { ReceivedSpan } from '../otlp/span.ts'
import type { Expectation } from './expectation.ts'
import { serverTolerance } from './span.ts'

export interface Match {
  pairs: [Expectation, ReceivedSpan][]
  missing: Expectation[]
  /** Received, and nobody's. */
  rest: ReceivedSpan[]
}

/**
 * Says which received span is which step. Steps know their span's id, but for SERVER spans of other services: those are
 * known by their parent, the call; one that is under no call goes to a call without one whose times it fits.
 */
export function match(expectations: readonly Expectation[], spans: ReadonlyMap<string, ReceivedSpan>): Match {
  const pairs: Match['pairs'] = []
  const taken = new Set<ReceivedSpan>()
  const pair = (expectation: Expectation, span: ReceivedSpan) => {
    pairs.push([expectation, span])
    taken.add(span)
  }
  const remaining = () => [...spans.values()].filter((span) => !taken.has(span))
  const missing: Expectation[] = []
  const servers: Expectation[] = []
  for (const expectation of expectations) {
    const { span_id } = expectation.step
    const span = span_id === null ? undefined : spans.get(span_id)
    if (span) pair(expectation, span)
    else if (span_id === null) servers.push(expectation)
    else missing.push(expectation)
  }
  const childrenOf = Map.groupBy(remaining(), ({ parentSpanId }) => parentSpanId)
  const orphans = servers.filter((expectation) => {
    const children = childrenOf.get(expectation.parentSpanId) ?? []
    const child = children.reduce<ReceivedSpan | undefined>(
      (best, span) => (best && likeness(best, expectation) >= likeness(span, expectation) ? best : span),
      undefined,
    )
    if (child) pair(expectation, child)
    return !child
  })
  const strays = orphans.length > 0 ? remaining() : []
  for (const expectation of orphans) {
    const stray = nearest(expectation, strays)
    if (!stray) {
      missing.push(expectation)
      continue
    }
    pair(expectation, stray)
    strays.splice(strays.indexOf(stray), 1)
  }
  return { pairs, missing, rest: remaining() }
}

function likeness(span: ReceivedSpan, { step }: Expectation): number {
  return Number(span.kind === 'server') + Number(span.service === step.service) + Number(span.name === step.name)
}

/** The SERVER span of the service that fits the times of a call best. */
function nearest({ step }: Expectation, strays: readonly ReceivedSpan[]): ReceivedSpan | undefined {
  const start = step.start_ms
  const end = start + (step.duration_ms as number)
  let best: ReceivedSpan | undefined
  let least = Infinity
  for (const span of strays) {
    const { startMs, endMs } = span
    if (span.kind !== 'server' || span.service !== step.service || startMs === null || endMs === null) continue
    if (startMs < start - serverTolerance.start || endMs > end + serverTolerance.end) continue
    const distance = Math.abs(startMs - start) + Math.abs(endMs - end)
    if (distance >= least) continue
    best = span
    least = distance
  }
  return best
}
