import { endOf } from '../../model/columns.ts'
import { foldOfRow, rowOfFold } from '../../model/rows.ts'
import { pan, zoom } from '../../model/scale.ts'
import { childrenOf } from '../../model/tree.ts'
import {
  cursor,
  folds,
  marked,
  moveTo,
  opened,
  placeOf,
  rowHeight,
  rows,
  seen,
  select,
  timeline,
  view,
  viewHeight,
} from '../state/look.ts'
import { matches, query } from '../state/search.ts'
import { trace } from '../state/trace.ts'

/** Opens what is closed and closes what is open. */
export function toggle(row: number): void {
  const { closed, unfolded } = opened.value
  const isFold = row < 0
  const changed = new Set(isFold ? unfolded : closed)
  const key = isFold ? foldOfRow(row) : row
  if (!changed.delete(key)) changed.add(key)
  opened.value = isFold ? { closed, unfolded: changed } : { closed: changed, unfolded }
  if (cursor.value === null || placeIn(cursor.value) < 0) moveTo(row)
}

const placeIn = (row: number) => rows.value?.row.indexOf(row) ?? -1

/** Moves the cursor by rows. */
export function step(by: number): void {
  const list = rows.value?.row
  if (!list || list.length === 0) return
  const at = cursor.value === null ? -1 : list.indexOf(cursor.value)
  moveTo(list[Math.max(0, Math.min(list.length - 1, at < 0 && Number.isFinite(by) ? 0 : at + by))] as number)
}

export const page = (): number => Math.max(1, Math.floor(viewHeight.value / rowHeight.value) - 2)

export function toEnd(isLast: boolean): void {
  step(isLast ? Infinity : -Infinity)
}

/** Right: opens, or goes to the first row below. */
export function inward(): void {
  const row = cursor.value
  const model = trace.value
  if (row === null || !model) return step(0)
  const isOpen = row < 0 ? opened.value.unfolded.has(foldOfRow(row)) : !opened.value.closed.has(row)
  const below = row < 0 ? 1 : childrenOf(model.tree, row).length
  if (below === 0) return
  if (isOpen) step(1)
  else toggle(row)
}

/** Left: closes, or goes to the row above that this one belongs to. */
export function outward(): void {
  const row = cursor.value
  const model = trace.value
  if (row === null || !model) return
  const isOpen =
    row < 0
      ? opened.value.unfolded.has(foldOfRow(row))
      : !opened.value.closed.has(row) && childrenOf(model.tree, row).length > 0
  if (isOpen) return toggle(row)
  if (row < 0) return select(folds.value.folds[foldOfRow(row)]?.parent ?? -1)
  const fold = folds.value.of[row] as number
  if (fold >= 0) moveTo(rowOfFold(fold))
  else select(model.columns.parent[row] as number)
}

/** Goes to the next of what was searched for, or what the finding points at; in order of rows. */
export function next(by: 1 | -1): void {
  const model = trace.value
  const wanted = query.value ? matches.value : [...marked.value]
  if (!model || wanted.length === 0) return
  const { start } = model.columns
  const inOrder = [...wanted].sort((a, b) => placeOf(a) - placeOf(b) || (start[a] as number) - (start[b] as number))
  const at = inOrder.indexOf(cursor.value ?? -1)
  const place = at < 0 ? (by > 0 ? 0 : -1) : at + by
  select(inOrder.at(place % inOrder.length) as number)
}

export function zoomBy(factor: number, anchor = 0.5): void {
  const length = timeline.value?.length ?? 0
  const zoomed = zoom(seen.value, factor, anchor, length)
  view.value = zoomed.to - zoomed.from >= length ? null : zoomed
}

export function panBy(share: number): void {
  if (view.value) view.value = pan(view.value, share, timeline.value?.length ?? 0)
}

/** Shows the selected span across the width; without one, everything. */
export function fit(): void {
  const model = trace.value
  const row = cursor.value
  if (!model || row === null || row < 0 || !timeline.value) return void (view.value = null)
  const from = timeline.value.drawn(model.columns.start[row] as number)
  const to = timeline.value.drawn(endOf(model.columns, row))
  const margin = (to - from) * 0.1 || 0.01
  view.value = { from: Math.max(0, from - margin), to: Math.min(timeline.value.length, to + margin) }
}

export function showAll(): void {
  view.value = null
}
