import type { Gap } from './idle.ts'

/**
 * Time as it is drawn: idle gaps may be pressed together, each to a fixed share of the whole. Between the gaps it runs as
 * it always does.
 */
export class Timeline {
  /** Pieces in order: from and to in time, and how long each is drawn, all ms. */
  readonly #pieces: { from: number; to: number; at: number; length: number }[] = []
  readonly length: number

  constructor(extent: { start: number; end: number }, pressed: readonly Gap[]) {
    const idle = pressed.reduce((sum, gap) => sum + gap.end - gap.start, 0)
    const short = Math.max((extent.end - extent.start - idle) * 0.04, 0.001)
    let at = 0
    let from = extent.start
    const add = (to: number, length: number) => {
      if (to > from) this.#pieces.push({ from, to, at, length })
      at += to > from ? length : 0
      from = Math.max(from, to)
    }
    for (const gap of pressed) {
      add(gap.start, gap.start - from)
      add(gap.end, Math.min(short, gap.end - gap.start))
    }
    add(extent.end, extent.end - from)
    this.length = at
  }

  /** Where a time is drawn, from 0 to `length`; beyond the trace it goes on. */
  drawn(time: number): number {
    const piece = this.#find((candidate) => candidate.to >= time)
    return piece ? piece.at + ((time - piece.from) / (piece.to - piece.from)) * piece.length : 0
  }

  /** The time that is drawn there. */
  time(drawn: number): number {
    const piece = this.#find((candidate) => candidate.at + candidate.length >= drawn)
    return piece ? piece.from + ((drawn - piece.at) / piece.length) * (piece.to - piece.from) : 0
  }

  #find(isIt: (piece: { from: number; to: number; at: number; length: number }) => boolean) {
    return this.#pieces.find(isIt) ?? this.#pieces.at(-1)
  }
}

/** The part of a timeline that is looked at, as drawn lengths. */
export interface View {
  from: number
  to: number
}

/** Nothing is shown closer than this: a thousandth of a millisecond is what clocks tell. */
const closest = 0.01

/** Zooms by `factor` (below 1 is closer) around the share `anchor` of the view, within [0, length]. */
export function zoom(view: View, factor: number, anchor: number, length: number): View {
  const width = view.to - view.from
  const wanted = Math.min(length, Math.max(Math.min(closest, length), width * factor))
  return within(view.from + (width - wanted) * anchor, wanted, length)
}

/** Moves by a share of what is seen. */
export function pan(view: View, share: number, length: number): View {
  const width = view.to - view.from
  return within(view.from + width * share, width, length)
}

function within(from: number, width: number, length: number): View {
  const start = Math.max(0, Math.min(from, length - width))
  return { from: start, to: start + width }
}

/** Round times in [from, to], about `count` of them. */
export function ticks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / Math.max(1, count)
  if (!(rough > 0)) return []
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) as number
  const found: number[] = []
  for (let at = Math.ceil(from / step); at * step <= to; at++) found.push(at * step)
  return found
}
