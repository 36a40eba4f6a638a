import { html } from 'htm/preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { VNode } from 'preact'
import { windowOf } from '../../model/window.ts'
import { cursor, rowHeight, rows, scrollTop, timeWidth, viewHeight } from '../state/look.ts'
import { trace } from '../state/trace.ts'
import { Axis, Bands, GapNames } from './axis.ts'
import { onRowKey } from './keys.ts'
import { Overlay } from './overlay.ts'
import { Overview } from './overview.ts'
import { row, rowId } from './row.ts'
import { panBy, zoomBy } from './walk.ts'

/** The trace over time. Only the rows that are seen are there; all of them are counted for who cannot see. */
export function Waterfall({ label = 'Spans of the trace' }: { label?: string }): VNode | null {
  if (!trace.value || !rows.value) return null
  return html`<section class="waterfall" aria-label="Waterfall">
    <${Overview} />
    <div class="axis-row" aria-hidden="true"><span class="axis-name">Span</span><${Axis} /></div>
    <${GapNames} />
    <${Rows} label=${label} />
  </section>`
}

function Rows({ label }: { label: string }): VNode {
  const box = useRef<HTMLDivElement>(null)
  const scrolledTo = useRef(0)
  const model = trace.value as NonNullable<typeof trace.value>
  const list = rows.value as NonNullable<typeof rows.value>
  const { from, to } = windowOf(scrollTop.value, viewHeight.value, rowHeight.value, list.row.length)

  useEffect(() => {
    const element = box.current as HTMLDivElement
    const measure = () => {
      viewHeight.value = element.clientHeight
      timeWidth.value = element.parentElement?.querySelector('.bands-time')?.clientWidth || timeWidth.value
      rowHeight.value = parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 26
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.metaKey) {
        const { left, width } = (element.querySelector('.cell-time') ?? element).getBoundingClientRect()
        zoomBy(event.deltaY > 0 ? 1.25 : 0.8, Math.max(0, Math.min(1, (event.clientX - left) / width)))
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        panBy((event.deltaX || event.deltaY) / 800)
      else return
      event.preventDefault()
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => {
      observer.disconnect()
      element.removeEventListener('wheel', onWheel)
    }
  }, [])
  // What moves the cursor says where to scroll; the element follows.
  useLayoutEffect(() => {
    // To ask an element where it is costs a layout: it said so when it was scrolled.
    if (scrolledTo.current === scrollTop.value) return
    ;(box.current as HTMLDivElement).scrollTop = scrolledTo.current = scrollTop.value
  }, [scrollTop.value, list])

  const shown: VNode[] = []
  for (let place = from; place < to; place++)
    shown.push(row(model, list.row[place] as number, place, list.level[place] as number))
  const active =
    cursor.value !== null && list.row.subarray(from, to).includes(cursor.value) ? rowId(cursor.value) : undefined
  return html`<div class="rows-frame">
    <${Bands} />
    <div
      ref=${box}
      class="rows"
      role="treegrid"
      tabindex="0"
      aria-label=${label}
      aria-rowcount=${list.row.length}
      aria-activedescendant=${active}
      aria-describedby="keys-hint"
      onScroll=${(event: Event) => (scrollTop.value = scrolledTo.current = (event.target as HTMLElement).scrollTop)}
      onKeyDown=${onRowKey}
    >
      <div class="rows-space" role="rowgroup" style=${{ height: `${list.row.length * rowHeight.value}px` }}>
        ${shown}
      </div>
    </div>
    <${Overlay} />
    <span id="keys-hint" class="sr"
      >Arrow keys walk the tree, W and S zoom, slash searches, question mark lists all keys</span
    >
  </div>`
}
