import { endOf } from '../../model/columns.ts'
import { foldOfRow, rowOfFold } from '../../model/rows.ts'
import { pan, zoom } from '../../model/scale.ts'
import { childrenOf } from '../../model/tree.ts'
import type { Look } from '../state/look.ts'

/** Opens what is closed and closes what is open. */
export function toggle(look: Look, row: number): void {
  const { closed, unfolded } = look.opened.value
  const isFold = row < 0
  const changed = new Set(isFold ? unfolded : closed)
  const key = isFold ? foldOfRow(row) : row
  if (!changed.delete(key)) changed.add(key)
  look.opened.value = isFold ? { closed, unfolded: changed } : { closed: changed, unfolded }
  if (look.cursor.value === null || placeIn(look, look.cursor.value) < 0) look.moveTo(row)
}

const placeIn = (look: Look, row: number) => look.rows.value?.row.indexOf(row) ?? -1

/** Moves the cursor by rows. */
export function step(look: Look, by: number): void {
  const list = look.rows.value?.row
  if (!list || list.length === 0) return
  const at = look.cursor.value === null ? -1 : list.indexOf(look.cursor.value)
  look.moveTo(list[Math.max(0, Math.min(list.length - 1, at < 0 && Number.isFinite(by) ? 0 : at + by))] as number)
}

export const page = (look: Look): number => Math.max(1, Math.floor(look.viewHeight.value / look.rowHeight.value) - 2)

export function toEnd(look: Look, isLast: boolean): void {
  step(look, isLast ? Infinity : -Infinity)
}

/** Right: opens, or goes to the first row below. */
export function inward(look: Look): void {
  const row = look.cursor.value
  const model = look.trace.model.value
  if (row === null || !model) return step(look, 0)
  const isOpen = row < 0 ? look.opened.value.unfolded.has(foldOfRow(row)) : !look.opened.value.closed.has(row)
  const below = row < 0 ? 1 : childrenOf(model.tree, row).length
  if (below === 0) return
  if (isOpen) step(look, 1)
  else toggle(look, row)
}

/** Left: closes, or goes to the row above that this one belongs to. */
export function outward(look: Look): void {
  const row = look.cursor.value
  const model = look.trace.model.value
  if (row === null || !model) return
  const isOpen =
    row < 0
      ? look.opened.value.unfolded.has(foldOfRow(row))
      : !look.opened.value.closed.has(row) && childrenOf(model.tree, row).length > 0
  if (isOpen) return toggle(look, row)
  if (row < 0) return look.select(look.folds.value.folds[foldOfRow(row)]?.parent ?? -1)
  const fold = look.folds.value.of[row] as number
  if (fold >= 0) look.moveTo(rowOfFold(fold))
  else look.select(model.columns.parent[row] as number)
}

/** Goes to the next of what was searched for, or what the finding points at; in order of rows. */
export function next(look: Look, by: 1 | -1): void {
  const model = look.trace.model.value
  const wanted = look.search.query.value ? look.search.matches.value : [...look.marked.value]
  if (!model || wanted.length === 0) return
  const { start } = model.columns
  const inOrder = [...wanted].sort(
    (a, b) => look.placeOf(a) - look.placeOf(b) || (start[a] as number) - (start[b] as number),
  )
  const at = inOrder.indexOf(look.cursor.value ?? -1)
  const place = at < 0 ? (by > 0 ? 0 : -1) : at + by
  look.select(inOrder.at(place % inOrder.length) as number)
}

export function zoomBy(look: Look, factor: number, anchor = 0.5): void {
  const length = look.timeline.value?.length ?? 0
  const zoomed = zoom(look.seen.value, factor, anchor, length)
  look.view.value = zoomed.to - zoomed.from >= length ? null : zoomed
}

export function panBy(look: Look, share: number): void {
  if (look.view.value) look.view.value = pan(look.view.value, share, look.timeline.value?.length ?? 0)
}

/** Shows the selected span across the width; without one, everything. */
export function fit(look: Look): void {
  const model = look.trace.model.value
  const row = look.cursor.value
  if (!model || row === null || row < 0 || !look.timeline.value) return void (look.view.value = null)
  const from = look.timeline.value.drawn(model.columns.start[row] as number)
  const to = look.timeline.value.drawn(endOf(model.columns, row))
  const margin = (to - from) * 0.1 || 0.01
  look.view.value = { from: Math.max(0, from - margin), to: Math.min(look.timeline.value.length, to + margin) }
}

export function showAll(look: Look): void {
  look.view.value = null
}
