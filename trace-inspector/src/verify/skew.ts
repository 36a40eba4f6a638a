import { round } from 'findings/step'
import { instanceIdAttribute } from 'dialects/gen-ai/names'
import type { ReceivedSpan } from '../otlp/span.ts'
import type { Expectation } from './expectation.ts'

/** How far ahead of the agent's clock other clocks are, ms. Those that agree with it are not there. */
export type Skew = ReadonlyMap<string, number>

/**
 * How far clocks that agree may seem to be apart, ms: each process sets its own by one with whole milliseconds, and the
 * standard instrumentation writes those; a timer may fire that much early.
 */
export const clockTolerance = { early: 2, late: 4 }

/** Names the clock of a span: the processes of a service may run on several machines. */
export const clockOf = ({ service, resource }: ReceivedSpan) =>
  JSON.stringify([service, resource[instanceIdAttribute] ?? null])

/** The same by service, and by instance where several of a service are off. */
export function skewByService(skew: Skew): Record<string, number> {
  const clocks = [...skew].map(([clock, ms]) => ({ clock: JSON.parse(clock) as [string, unknown], ms }))
  const several = new Set(clocks.map(({ clock: [service] }) => service)).size < clocks.length
  return Object.fromEntries(
    clocks.map(({ clock: [service, instance], ms }) => [several ? `${service} ${String(instance)}` : service, ms]),
  )
}

/** What an offset is between when a span began within its call, and early enough to take as long as the tool said. */
interface Bounds {
  least: number
  most: number
}

/**
 * One constant offset per clock, from the SERVER spans of its calls: the one that most of them agree on, and none where
 * as many agree on none (Marzullo's algorithm, as NTP has it). What does not fit it was moved otherwise.
 */
export function estimateSkew(pairs: Iterable<readonly [Expectation, ReceivedSpan]>): Skew {
  const byClock = new Map<string, Bounds[]>()
  for (const [{ step, parent }, span] of pairs) {
    const { startMs } = span
    if (step.span_id !== null || !parent || startMs === null) continue
    const clock = clockOf(span)
    const bounds = byClock.get(clock) ?? []
    byClock.set(clock, bounds)
    bounds.push({ least: startMs - latestStart(parent), most: startMs - step.start_ms })
  }
  const skew = new Map<string, number>()
  for (const [clock, bounds] of byClock) {
    const offset = offsetOf(bounds)
    if (offset !== 0) skew.set(clock, offset)
  }
  return skew
}

/** When a call's SERVER span can have begun at the latest: then the tool still had the time that it says it took. */
export function latestStart({ step }: Expectation): number {
  return step.start_ms + (step.duration_ms as number) - (step.tool?.delay_ms ?? 0)
}

function offsetOf(bounds: readonly Bounds[]): number {
  const { early, late } = clockTolerance
  const edges = bounds.flatMap(({ least, most }) => [
    { at: least - late, step: 1 },
    { at: most + early, step: -1 },
  ])
  // Of two at the same place the beginning counts first: bounds that touch have it in common.
  edges.sort((a, b) => a.at - b.at || b.step - a.step)
  let best = {
    count: bounds.filter(({ least, most }) => least - late <= 0 && most + early >= 0).length,
    least: 0,
    most: 0,
  }
  let count = 0
  edges.forEach(({ at, step }, index) => {
    count += step
    if (count > best.count) best = { count, least: at, most: edges[index + 1]?.at ?? at }
  })
  const { least, most } = best
  if (least === most) return round(least)
  // Between the bounds themselves, which the tolerance has moved apart unevenly.
  return round(Math.min(Math.max((least + late + most - early) / 2, least), most))
}
