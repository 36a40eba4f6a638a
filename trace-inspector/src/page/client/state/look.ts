import { batch, computed, effect, signal, untracked } from '@preact/signals'
import { carryOver, type Drawn } from '../../model/carry.ts'
import { criticalPathOf, segmentsOf } from '../../model/critical.ts'
import { findFolds, type Folds } from '../../model/fold.ts'
import { count, durations } from '../../model/format.ts'
import { agentOf, nameOf } from '../../model/columns.ts'
import { foldOfRow, layOut, type Opened, reveal, rowOfFold } from '../../model/rows.ts'
import { Timeline, type View } from '../../model/scale.ts'
import { scrollTo } from '../../model/window.ts'
import { address, note } from './address.ts'
import { announce } from './announce.ts'
import { query } from './search.ts'
import { revelation, type Revelation, trace } from './trace.ts'

export const rowHeight = signal(26)
export const opened = signal<Opened>({ closed: new Set(), unfolded: new Set() })
/** The row that the keyboard is on: a span, or −1 − a fold; null for none. */
export const cursor = signal<number | null>(null)
export const showPath = signal(true)
export const showLinks = signal(true)
export const pressIdle = signal(false)
/** Whether what a finding says may be seen: not while an exam is on. */
export const showMarks = signal(true)
/** null: all of it. */
export const view = signal<View | null>(null)
export const scrollTop = signal(0)
export const viewHeight = signal(400)
/** Of what shows time, px. */
export const timeWidth = signal(700)

/** Writes durations in the one unit of the trace that is shown. */
export const inUnit = computed(() => durations(trace.value ? trace.value.extent.end - trace.value.extent.start : 0))
/** Position of each span by its id. */
export const positions = computed(() => new Map(trace.value?.columns.id.map((id, span) => [id, span])))
/** Spans that the finding points at. */
export const marked = computed(() => {
  const found = showMarks.value ? revelation.value?.observed : null
  return new Set(found ? pointedAt(found).flatMap((id) => positions.value.get(id) ?? []) : [])
})
/** A critical path has its own line: what is marked of it is the branch that was waited for. */
const pointedAt = (observed: NonNullable<Revelation['observed']>): string[] =>
  'bottleneck' in observed ? (observed.bottleneck ? [observed.bottleneck.span_id] : []) : observed.span_ids

const noFolds: Folds = { folds: [], of: new Int32Array() }
/** Equals in one row each; what the finding points at is never among them, and in an exam nothing is picked out. */
export const folds = computed(() => {
  if (!trace.value) return noFolds
  const { columns, tree } = trace.value
  return findFolds(columns, tree, showMarks.value ? { outliers: true, marked: marked.value } : { outliers: false })
})
export const rows = computed(() => (trace.value ? layOut(trace.value.tree, folds.value, opened.value) : null))
/** The place of each row; by span, and by −1 − fold. */
const places = computed(() => {
  const found = new Map<number, number>()
  rows.value?.row.forEach((row, place) => found.set(row, place))
  return found
})
export const timeline = computed(() =>
  trace.value ? new Timeline(trace.value.extent, pressIdle.value ? trace.value.idle : []) : null,
)
export const seen = computed<View>(() => view.value ?? { from: 0, to: timeline.value?.length ?? 1 })
export const path = computed(() =>
  trace.value && showMarks.value ? criticalPathOf(trace.value.columns, trace.value.tree) : new Map<number, number>(),
)
export const segments = computed(() =>
  trace.value && showPath.value ? segmentsOf(trace.value.columns, trace.value.tree, path.value) : [],
)
/** The span whose details are shown; −1 for none. */
export const selected = computed(() => {
  const row = cursor.value
  return row !== null && row >= 0 ? row : -1
})

/** The place of the row that shows a span, or what it is hidden in; −1 for none. */
export function placeOf(span: number): number {
  const model = trace.value
  for (let at = span; model && at >= 0; at = model.columns.parent[at] as number) {
    const fold = folds.value.of[at] as number
    const place = places.value.get(at) ?? (fold >= 0 ? places.value.get(rowOfFold(fold)) : undefined)
    if (place !== undefined) return place
  }
  return -1
}

/** Where a time is drawn: 0 at the left edge of what is seen, 1 at the right. */
export function across(time: number): number {
  const { from, to } = seen.value
  return ((timeline.value?.drawn(time) ?? 0) - from) / (to - from || 1)
}

/** Moves the cursor to a row and scrolls there. */
export function moveTo(row: number): void {
  const model = trace.value
  const place = places.value.get(row)
  if (!model || place === undefined) return
  batch(() => {
    cursor.value = row
    scrollTop.value = scrollTo(place, scrollTop.value, viewHeight.value, rowHeight.value)
  })
  const { columns } = model
  note({ span: row >= 0 ? (columns.id[row] as string) : '' })
  const fold = folds.value.folds[foldOfRow(row)]
  announce(
    fold
      ? `${count(fold.members.length, 'span')} ${columns.names[fold.name]}`
      : `${nameOf(columns, row)} ${agentOf(columns, row)}, ${inUnit.value(columns.duration[row] as number)}`,
  )
}

/** Opens whatever a span is hidden in, and selects it. */
export function select(span: number): void {
  const model = trace.value
  if (!model || span < 0 || span >= model.columns.id.length) return
  opened.value = reveal(model.columns, model.tree, folds.value, opened.value, span)
  moveTo(span)
}

export function unselect(): void {
  cursor.value = null
  note({ span: '' })
}

/** A new trace is shown as it comes; one that has grown, or of which more is known, as the reader left it. */
let before: Drawn | null = null
effect(() => {
  if (!trace.value) return
  const after = { columns: trace.value.columns, folds: folds.value }
  untracked(() => {
    const isSame = before?.columns.trace_id === after.columns.trace_id
    const row = cursor.value
    const first = row === null ? undefined : row >= 0 ? row : before?.folds.folds[foldOfRow(row)]?.members[0]
    const at = isSame && first !== undefined ? (before?.columns.id[first] ?? '') : address.value.span
    batch(() => {
      opened.value =
        before && isSame ? carryOver(opened.value, before, after) : { closed: new Set(), unfolded: new Set() }
      cursor.value = null
      if (isSame) return
      view.value = null
      scrollTop.value = 0
      query.value = ''
      pressIdle.value = false
    })
    before = after
    const span = positions.value.get(at)
    if (span === undefined) return
    const fold = after.folds.of[span] as number
    if (row !== null && row < 0 && isSame && fold >= 0) moveTo(rowOfFold(fold))
    else if (row === null || row >= 0) select(span)
  })
})
