import type { Gap } from './idle.ts'

/** A stretch of time and where it is drawn, all ms. */
interface Piece {
  from: number
  to: number
  at: number
  length: number
  isPressed: boolean
}

/**
 * Time as it is drawn: idle gaps may be pressed together, each to a fixed share of the whole. Between the gaps it runs as
 * it always does.
 */
export class Timeline {
  readonly #pieces: Piece[] = []
  readonly length: number

  constructor(extent: { start: number; end: number }, pressed: readonly Gap[]) {
    const idle = pressed.reduce((sum, gap) => sum + gap.end - gap.start, 0)
    const short = Math.max((extent.end - extent.start - idle) * 0.04, 0.001)
    let at = 0
    let from = extent.start
    const add = (to: number, length: number, isPressed: boolean) => {
      if (to <= from) return
      this.#pieces.push({ from, to, at, length, isPressed })
      at += length
      from = to
    }
    for (const gap of pressed) {
      add(gap.start, gap.start - from, false)
      add(gap.end, Math.min(short, gap.end - gap.start), true)
    }
    add(extent.end, extent.end - from, false)
    this.length = at
  }

  /** Where a time is drawn, from 0 to `length`; beyond the trace it goes on. */
  drawn(time: number): number {
    const piece = this.#pieces.find(({ to }) => to >= time) ?? this.#pieces.at(-1)
    return piece ? piece.at + ((time - piece.from) / (piece.to - piece.from)) * piece.length : 0
  }

  /** The time that is drawn there. */
  time(drawn: number): number {
    const piece = this.#pieces.find(({ at, length }) => at + length >= drawn) ?? this.#pieces.at(-1)
    return piece ? piece.from + ((drawn - piece.at) / piece.length) * (piece.to - piece.from) : 0
  }

  /** Round times that are drawn in a view, about `count` of them, and how far they are apart; none within what is pressed. */
  ticks({ from, to }: View, count: number): { times: number[]; stepMs: number } {
    const stepMs = roundStep((to - from) / Math.max(1, count))
    const times = this.#pieces
      .filter(({ at, length, isPressed }) => !isPressed && at < to && at + length > from)
      .flatMap((piece) => {
        const first = piece.from + Math.max(0, from - piece.at)
        return multiples(first, Math.min(piece.to, piece.from + to - piece.at), stepMs)
      })
    return { times: [...new Set(times)], stepMs }
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
  return multiples(from, to, roundStep((to - from) / Math.max(1, count)))
}

/** The next 1, 2 or 5 times a power of ten. */
function roundStep(rough: number): number {
  if (!(rough > 0)) return 0
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) as number
}

function multiples(from: number, to: number, step: number): number[] {
  const found: number[] = []
  if (step > 0) for (let at = Math.ceil(from / step); at * step <= to; at++) found.push(at * step)
  return found
}
