import type { StepEvent } from 'contract/facts'
import type { ReceivedEvent } from '../otlp/span.ts'
import { compareAttributes, shownAttributes } from './attributes.ts'
import type { Transport } from './transport.ts'
import type { Found } from './difference.ts'
import type { Expectation } from './expectation.ts'

/**
 * What became of the events that were written on a span. An event is known by name and time, in any order; one that is
 * left over is held against what is left of its name, then against what is left at its time.
 */
export function compareEvents(
  expectation: Expectation,
  arrived: readonly ReceivedEvent[],
  transport: Transport,
): Found[] {
  const written = expectation.events
  if (written.length === 0 && arrived.length === 0) return []
  const isSameTime = (a: StepEvent, b: ReceivedEvent) =>
    Math.abs(a.time_ms - (b.timeMs ?? NaN)) <= transport.timeToleranceMs
  const isSameName = (a: StepEvent, b: ReceivedEvent) => a.name === b.name
  const exact = pair(written, arrived, (a, b) => isSameName(a, b) && isSameTime(a, b))
  const renamed = pair(exact.written, exact.arrived, isSameTime)
  const moved = pair(renamed.written, renamed.arrived, isSameName)
  const change = ([event, actual]: [StepEvent, ReceivedEvent]): Found => ({
    kind: 'event_changed',
    expected: event,
    actual: shown(actual),
  })
  return [
    ...moved.written.map((event): Found => ({ kind: 'event_lost', expected: event, actual: null })),
    ...exact.pairs
      .filter(([event, actual]) => compareAttributes(expectation.eventAttributes(event), actual, transport).length > 0)
      .map(change),
    ...renamed.pairs.map(change),
    ...moved.pairs.map(change),
    ...moved.arrived.map((event): Found => ({ kind: 'event_added', expected: null, actual: shown(event) })),
  ]
}

const shown = (event: ReceivedEvent) => ({
  name: event.name,
  time_ms: event.timeMs,
  attributes: shownAttributes(event),
})

/** Pairs each event that was written with the first that fits it; both lists by time, so that what fits is near. */
function pair(
  written: readonly StepEvent[],
  arrived: readonly ReceivedEvent[],
  fits: (a: StepEvent, b: ReceivedEvent) => boolean,
) {
  const open = [...arrived].sort((a, b) => (a.timeMs ?? 0) - (b.timeMs ?? 0))
  const pairs: [StepEvent, ReceivedEvent][] = []
  const left = [...written]
    .sort((a, b) => a.time_ms - b.time_ms)
    .filter((event) => {
      const at = open.findIndex((candidate) => fits(event, candidate))
      if (at < 0) return true
      pairs.push([event, ...open.splice(at, 1)] as [StepEvent, ReceivedEvent])
      return false
    })
  return { pairs, written: left, arrived: open }
}
