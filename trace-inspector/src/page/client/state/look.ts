import { batch, computed, effect, signal, untracked } from '@preact/signals'
import { carryOver, type Drawn } from '../../model/carry.ts'
import { agentOf, nameOf } from '../../model/columns.ts'
import { criticalPathOf, segmentsOf } from '../../model/critical.ts'
import { findFolds, type Folds } from '../../model/fold.ts'
import { count, durations } from 'findings/format'
import { foldOfRow, layOut, type Opened, reveal, rowOfFold } from '../../model/rows.ts'
import { Timeline, type View } from '../../model/scale.ts'
import { scrollTo } from '../../model/window.ts'
import { announce } from './announce.ts'
import { Search } from './search.ts'
import type { OpenTrace } from './trace.ts'

/** Where it is kept which span is selected, by its id; empty for none. */
export interface Selection {
  /** What is selected when a trace is opened. */
  wanted: () => string
  keep: (spanId: string) => void
}

/** How one trace is looked at. Each has its own: two can stand side by side. */
export class Look {
  readonly trace: OpenTrace
  /** Tells the elements of this one from those of others in the document. */
  readonly id: string
  readonly search: Search
  readonly rowHeight = signal(26)
  readonly opened = signal<Opened>({ closed: new Set(), unfolded: new Set() })
  /** The row that the keyboard is on: a span, or −1 − a fold; null for none. */
  readonly cursor = signal<number | null>(null)
  readonly showPath = signal(true)
  readonly showLinks = signal(true)
  readonly pressIdle = signal(false)
  /** Whether what a finding says may be seen: not while an exam is on. */
  readonly showMarks = signal(true)
  /** null: all of it. */
  readonly view = signal<View | null>(null)
  readonly scrollTop = signal(0)
  readonly viewHeight = signal(400)
  /** Of what shows time, px. */
  readonly timeWidth = signal(700)
  readonly #selection: Selection

  /** Writes durations in the one unit of the trace. */
  readonly inUnit = computed(() => {
    const { start, end } = this.trace.model.value?.extent ?? { start: 0, end: 0 }
    return durations(end - start)
  })
  /** Position of each span by its id. */
  readonly positions = computed(() => new Map(this.trace.model.value?.columns.id.map((id, span) => [id, span])))
  /** Spans that the finding points at. */
  readonly marked = computed(() => {
    const found = this.showMarks.value ? this.trace.revelation.value?.observed : null
    return new Set(found ? found.span_ids.flatMap((id) => this.positions.value.get(id) ?? []) : [])
  })
  /** Equals in one row each; what the finding points at is never among them, and in an exam nothing is picked out. */
  readonly folds = computed<Folds>(() => {
    const model = this.trace.model.value
    if (!model) return { folds: [], of: new Int32Array() }
    const kept = this.showMarks.value
      ? ({ outliers: true, marked: this.marked.value } as const)
      : ({ outliers: false } as const)
    return findFolds(model.columns, model.tree, kept)
  })
  readonly rows = computed(() => {
    const model = this.trace.model.value
    return model && layOut(model.tree, this.folds.value, this.opened.value)
  })
  /** The place of each row; by span, and by −1 − fold. */
  readonly #places = computed(() => {
    const found = new Map<number, number>()
    this.rows.value?.row.forEach((row, place) => found.set(row, place))
    return found
  })
  readonly timeline = computed(() => {
    const model = this.trace.model.value
    return model && new Timeline(model.extent, this.pressIdle.value ? model.idle : [])
  })
  readonly seen = computed<View>(() => this.view.value ?? { from: 0, to: this.timeline.value?.length ?? 1 })
  readonly path = computed(() => {
    const model = this.trace.model.value
    return model && this.showMarks.value ? criticalPathOf(model.columns, model.tree) : new Map<number, number>()
  })
  readonly segments = computed(() => {
    const model = this.trace.model.value
    return model && this.showPath.value ? segmentsOf(model.columns, model.tree, this.path.value) : []
  })
  /** The rows of the critical path's segments. */
  readonly segmentPlaces = computed(() => this.segments.value.map(({ span }) => this.placeOf(span)))
  /** Positions of the events of each span that has some. */
  readonly eventsOf = computed(() => {
    const found = new Map<number, number[]>()
    this.trace.model.value?.columns.events.span.forEach((span, index) => {
      const own = found.get(span)
      if (own) own.push(index)
      else found.set(span, [index])
    })
    return found
  })
  /** The span whose details are shown; −1 for none. */
  readonly selected = computed(() => {
    const row = this.cursor.value
    return row !== null && row >= 0 ? row : -1
  })

  constructor(trace: OpenTrace, id: string, selection: Selection) {
    this.trace = trace
    this.id = id
    this.search = new Search(trace.model)
    this.#selection = selection
    let before: Drawn | null = null
    effect(() => {
      const model = trace.model.value
      if (!model) return
      const after = { columns: model.columns, folds: this.folds.value }
      untracked(() => this.#takeOver(before, after))
      before = after
    })
  }

  /** The place of the row that shows a span, or what it is hidden in; −1 for none. */
  placeOf(span: number): number {
    const model = this.trace.model.value
    for (let at = span; model && at >= 0; at = model.columns.parent[at] as number) {
      const fold = this.folds.value.of[at] as number
      const place = this.#places.value.get(at) ?? (fold >= 0 ? this.#places.value.get(rowOfFold(fold)) : undefined)
      if (place !== undefined) return place
    }
    return -1
  }

  /** Where a time is drawn: 0 at the left edge of what is seen, 1 at the right. */
  across(time: number): number {
    const { from, to } = this.seen.value
    return ((this.timeline.value?.drawn(time) ?? 0) - from) / (to - from || 1)
  }

  /** Moves the cursor to a row and scrolls there. */
  moveTo(row: number): void {
    const model = this.trace.model.value
    const place = this.#places.value.get(row)
    if (!model || place === undefined) return
    batch(() => {
      this.cursor.value = row
      this.scrollTop.value = scrollTo(place, this.scrollTop.value, this.viewHeight.value, this.rowHeight.value)
    })
    const { columns } = model
    this.#selection.keep(row >= 0 ? (columns.id[row] as string) : '')
    const fold = this.folds.value.folds[foldOfRow(row)]
    announce(
      fold
        ? `${count(fold.members.length, 'span')} ${columns.names[fold.name]}`
        : `${nameOf(columns, row)} ${agentOf(columns, row)}, ${this.inUnit.value(columns.duration[row] as number)}`,
    )
  }

  /** Opens whatever a span is hidden in, and selects it. */
  select(span: number): void {
    const model = this.trace.model.value
    if (!model || span < 0 || span >= model.columns.id.length) return
    this.opened.value = reveal(model.columns, model.tree, this.folds.value, this.opened.value, span)
    this.moveTo(span)
  }

  unselect(): void {
    this.cursor.value = null
    this.#selection.keep('')
  }

  /** A new trace is shown as it comes; one that has grown, or of which more is known, as the reader left it. */
  #takeOver(before: Drawn | null, after: Drawn): void {
    const isSame = before?.columns.trace_id === after.columns.trace_id
    const row = this.cursor.value
    const first = row === null ? undefined : row >= 0 ? row : before?.folds.folds[foldOfRow(row)]?.members[0]
    const at = isSame && first !== undefined ? (before?.columns.id[first] ?? '') : this.#selection.wanted()
    batch(() => {
      this.opened.value =
        before && isSame ? carryOver(this.opened.value, before, after) : { closed: new Set(), unfolded: new Set() }
      this.cursor.value = null
      if (isSame) return
      this.view.value = null
      this.scrollTop.value = 0
      this.search.query.value = ''
      this.pressIdle.value = false
    })
    const span = this.positions.value.get(at)
    if (span === undefined) return
    const fold = after.folds.of[span] as number
    if (row !== null && row < 0 && isSame && fold >= 0) this.moveTo(rowOfFold(fold))
    else if (row === null || row >= 0) this.select(span)
  }
}
