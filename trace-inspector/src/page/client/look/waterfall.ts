import { html } from 'htm/preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { VNode } from 'preact'
import { windowOf } from '../../model/window.ts'
import { Axis, Bands, GapNames } from './axis.ts'
import { onRowKey } from './keys.ts'
import { Overlay } from './overlay.ts'
import { Overview } from './overview.ts'
import { row, rowId } from './row.ts'
import { panBy, zoomBy } from './walk.ts'
import type { Rows as RowList } from '../../model/rows.ts'
import type { TraceModel } from '../../model/trace-model.ts'
import type { Look } from '../state/look.ts'
import { h } from '../h.ts'

/** The trace over time. Only the rows that are seen are there; all of them are counted for who cannot see. */
export function Waterfall({ look, label }: { look: Look; label: string }): VNode | null {
  const model = look.trace.model.value
  const list = look.rows.value
  if (!model || !list) return null
  return html`<section class="waterfall" id=${look.id} aria-label=${label}>
    ${h(Overview, { look })}
    <div class="axis-row" aria-hidden="true"><span class="axis-name">Span</span>${h(Axis, { look })}</div>
    ${h(GapNames, { look })} ${h(Rows, { look, model, list, label: `${label}: spans` })}
  </section>`
}

interface RowsProps {
  look: Look
  model: TraceModel
  list: RowList
  label: string
}

function Rows({ look, model, list, label }: RowsProps): VNode {
  const box = useRef<HTMLDivElement>(null)
  const scrolledTo = useRef(0)
  const { from, to } = windowOf(look.scrollTop.value, look.viewHeight.value, look.rowHeight.value, list.row.length)

  useEffect(() => {
    const element = box.current as HTMLDivElement
    const measure = () => {
      look.viewHeight.value = element.clientHeight
      look.timeWidth.value = element.parentElement?.querySelector('.bands-time')?.clientWidth || look.timeWidth.value
      look.rowHeight.value = parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 26
    }
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.metaKey) {
        const { left, width } = (element.querySelector('.cell-time') ?? element).getBoundingClientRect()
        zoomBy(look, event.deltaY > 0 ? 1.25 : 0.8, Math.max(0, Math.min(1, (event.clientX - left) / width)))
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
        panBy(look, (event.deltaX || event.deltaY) / 800)
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
    if (scrolledTo.current === look.scrollTop.value) return
    ;(box.current as HTMLDivElement).scrollTop = scrolledTo.current = look.scrollTop.value
  }, [look.scrollTop.value, list])

  const shown: VNode[] = []
  for (let place = from; place < to; place++)
    shown.push(row(look, model, list.row[place] as number, place, list.level[place] as number))
  const active =
    look.cursor.value !== null && list.row.subarray(from, to).includes(look.cursor.value)
      ? rowId(look, look.cursor.value)
      : undefined
  return html`<div class="rows-frame">
    ${h(Bands, { look })}
    <div
      ref=${box}
      class="rows"
      role="treegrid"
      tabindex="0"
      aria-label=${label}
      aria-rowcount=${list.row.length}
      aria-activedescendant=${active}
      aria-describedby=${`${look.id}-keys`}
      onScroll=${(event: Event) => (look.scrollTop.value = scrolledTo.current = (event.target as HTMLElement).scrollTop)}
      onKeyDown=${(event: KeyboardEvent) => onRowKey(look, event)}
    >
      <div class="rows-space" role="rowgroup" style=${{ height: `${list.row.length * look.rowHeight.value}px` }}>
        ${shown}
      </div>
    </div>
    ${h(Overlay, { look })}
    <span id=${`${look.id}-keys`} class="sr"
      >Arrow keys walk the tree, W and S zoom, slash searches, question mark lists all keys</span
    >
  </div>`
}
