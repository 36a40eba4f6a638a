import type { ReceivedSpan } from '../otlp/span.ts'
import type { Expectation } from './expectation.ts'
import { clockOf, clockTolerance, estimateSkew, latestStart, type Skew } from './skew.ts'

export interface Match {
  pairs: [Expectation, ReceivedSpan][]
  missing: Expectation[]
  /** Received, and nobody's. */
  rest: ReceivedSpan[]
  skew: Skew
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
    const child = likest(expectation, childrenOf.get(expectation.parentSpanId) ?? [])
    if (child) pair(expectation, child)
    return !child
  })
  const skew = estimateSkew(pairs)
  const strays = orphans.length > 0 ? remaining() : []
  for (const expectation of orphans) {
    const stray = nearest(expectation, strays, skew)
    if (!stray) {
      missing.push(expectation)
      continue
    }
    pair(expectation, stray)
    strays.splice(strays.indexOf(stray), 1)
  }
  return { pairs, missing, rest: remaining(), skew }
}

/** The child of a call that is its SERVER span: by two of kind, service and name. A proxy may have made others. */
function likest({ step, name }: Expectation, children: readonly ReceivedSpan[]): ReceivedSpan | undefined {
  let likest: ReceivedSpan | undefined
  let most = 1
  for (const span of children) {
    const alike = Number(span.kind === 'server') + Number(span.service === step.service) + Number(span.name === name)
    if (alike <= most) continue
    likest = span
    most = alike
  }
  return likest
}

/** The SERVER span of the service that fits the times of a call best. */
function nearest({ step, parent }: Expectation, strays: readonly ReceivedSpan[], skew: Skew): ReceivedSpan | undefined {
  const latest = latestStart(parent as Expectation)
  let best: ReceivedSpan | undefined
  let least = Infinity
  for (const span of strays) {
    if (span.kind !== 'server' || span.service !== step.service) continue
    const startMs = (span.startMs ?? NaN) - (skew.get(clockOf(span)) ?? 0)
    const isWithin = startMs >= step.start_ms - clockTolerance.early && startMs <= latest + clockTolerance.late
    if (!isWithin) continue
    const distance = Math.abs(startMs - step.start_ms)
    if (distance >= least) continue
    best = span
    least = distance
  }
  return best
}
