import { round } from 'findings/step'
import { type Extent, extentOf, originOf } from './times.ts'
import { Words } from './words.ts'

/** What a column is made of, of a span that came or that only a ledger knows. */
export interface Encodable {
  spanId: string
  /** null for a root. */
  parentSpanId: string | null
  name: string
  service: string
  /** null where it is not known, as the end. */
  startMs: number | null
  endMs: number | null
}

/** The parent of a span, where it is no place. */
export const noParent = { root: -1, absent: -2 } as const

/**
 * Spans as columns, in order of start, then of id: which came first changes nothing. Whoever needs more of them adds
 * columns in the order of `spans`. Names and services are places in the lists of words, and so may other words be.
 */
export function encode<Span extends Encodable>(given: readonly Span[]) {
  const originMs = originOf(given)
  const placed = given.map((span) => ({ span, extent: extentOf(span, originMs ?? 0) })).sort(byStartThenId)
  const spans = placed.map(({ span }) => span)
  const places = new Map(spans.map(({ spanId }, place) => [spanId, place]))
  const names = new Words()
  const services = new Words()
  const since = (timeMs: number) => round(timeMs - (originMs ?? 0))
  return {
    spans,
    /** By span id. */
    places,
    /** The first time that is known, ms since the epoch; null where none is. */
    originMs,
    /** From the origin to a time, ms. */
    since,
    names,
    services,
    columns: {
      id: spans.map(({ spanId }) => spanId),
      /** A place, or one of `noParent`. */
      parent: spans.map(({ parentSpanId }) =>
        parentSpanId === null ? noParent.root : (places.get(parentSpanId) ?? noParent.absent),
      ),
      name: spans.map(({ name }) => names.place(name)),
      service: spans.map(({ service }) => services.place(service)),
      /** Since the origin, ms. */
      start: placed.map(({ extent }) => since(extent.startMs)),
      duration: placed.map(({ extent }) => round(extent.endMs - extent.startMs)),
    },
  }
}

interface Placed {
  span: Encodable
  extent: Extent
}

function byStartThenId(a: Placed, b: Placed): number {
  return a.extent.startMs - b.extent.startMs || (a.span.spanId < b.span.spanId ? -1 : 1)
}
