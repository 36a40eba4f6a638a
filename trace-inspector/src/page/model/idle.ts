import { type Columns, endOf, flag, has } from './columns.ts'
import { childrenOf, type Tree } from './tree.ts'

/** A time in which nothing worked, ms since the origin. */
export interface Gap {
  start: number
  end: number
  /** Whether it was a person that was waited for. */
  isHuman: boolean
}

/** A gap shorter than this share of the trace is no reading matter. */
const leastShare = 0.04

/**
 * Times in which no service's innermost span was at work. Waiting for a person is no work; what is above the innermost spans is
 * only there because they are.
 */
export function findIdle(columns: Columns, tree: Tree, extent: { start: number; end: number }): Gap[] {
  const busy: [number, number][] = []
  const waits: [number, number][] = []
  for (let span = 0; span < columns.id.length; span++) {
    const interval: [number, number] = [columns.start[span] as number, endOf(columns, span)]
    if (has(columns, span, flag.idle)) waits.push(interval)
    else if (isInnermost(columns, tree, span)) busy.push(interval)
  }
  busy.sort((a, b) => a[0] - b[0])
  const least = (extent.end - extent.start) * leastShare
  const gaps: Gap[] = []
  let busyUntil = extent.start
  for (const [start, end] of [...busy, [extent.end, extent.end] as const]) {
    if (start - busyUntil > least)
      gaps.push({ start: busyUntil, end: start, isHuman: isWithin(waits, busyUntil, start) })
    busyUntil = Math.max(busyUntil, end)
  }
  return gaps
}

/** A call that another service answers works all the while. */
function isInnermost({ service }: Columns, tree: Tree, span: number): boolean {
  return childrenOf(tree, span).every((child) => service[child] !== service[span])
}

function isWithin(waits: readonly [number, number][], start: number, end: number): boolean {
  const waited = waits.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, start)), 0)
  return waited > (end - start) / 2
}
