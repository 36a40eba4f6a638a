import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { computed } from '@preact/signals'
import { tick } from '../../model/format.ts'
import { across, inUnit, pressIdle, seen, timeline, timeWidth, view } from '../state/look.ts'
import { trace } from '../state/trace.ts'
import type { Gap } from '../../model/idle.ts'
import { shareOf } from './bars.ts'

/** Of one tick with its text, px. */
const tickWidth = 90
const ticksSeen = computed(
  () => timeline.value?.ticks(seen.value, Math.max(2, timeWidth.value / tickWidth)) ?? { times: [], stepMs: 1 },
)

/** Round times over the rows. A drag zooms to what it covers. */
export function Axis(): VNode {
  const box = useRef<HTMLDivElement>(null)
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null)
  const { from, to } = seen.value
  const { times, stepMs } = ticksSeen.value
  const at = (event: PointerEvent) => {
    const { left, width } = (box.current as HTMLDivElement).getBoundingClientRect()
    return Math.max(0, Math.min(1, (event.clientX - left) / width))
  }
  return html`<div
    ref=${box}
    class="axis"
    onPointerDown=${(event: PointerEvent) => {
      ;(event.target as Element).setPointerCapture(event.pointerId)
      setDrag({ from: at(event), to: at(event) })
    }}
    onPointerMove=${(event: PointerEvent) => drag && setDrag({ from: drag.from, to: at(event) })}
    onPointerUp=${() => {
      if (drag && Math.abs(drag.to - drag.from) > 0.01) {
        const width = to - from
        view.value = {
          from: from + Math.min(drag.from, drag.to) * width,
          to: from + Math.max(drag.from, drag.to) * width,
        }
      }
      setDrag(null)
    }}
  >
    ${times
      .map((time) => ({ at: across(time), text: tick(time, stepMs, trace.value?.extent.end ?? 0) }))
      .filter(({ at, text }) => at + shareOf(text) < 1.03)
      .map(({ at, text }) => html`<span class="tick" style=${{ left: `${at * 100}%` }}>${text}</span>`)}
    ${
      drag &&
      html`<span
        class="drag"
        style=${{ left: `${Math.min(drag.from, drag.to) * 100}%`, width: `${Math.abs(drag.to - drag.from) * 100}%` }}
      ></span>`
    }
  </div>`
}

/** Lines of the axis through all rows, and the times in which nothing worked. */
export function Bands(): VNode {
  const { times } = ticksSeen.value
  const gaps = trace.value?.idle ?? []
  return html`<div class="bands" aria-hidden="true">
    <div class="bands-time">
      ${times.map((time) => html`<i class="line" style=${{ left: `${across(time) * 100}%` }}></i>`)}
      ${gaps.map((gap) => html`<span class="gap" style=${placeOfGap(gap)}></span>`)}
    </div>
  </div>`
}

function placeOfGap({ start, end }: Gap) {
  const from = Math.max(0, across(start))
  const to = Math.min(1, across(end))
  return { left: `${from * 100}%`, width: `${Math.max(0, to - from) * 100}%` }
}

/** What the hatched times are, in a line of their own: no bar is written over. */
export function GapNames(): VNode | null {
  const gaps = trace.value?.idle ?? []
  if (gaps.length === 0) return null
  return html`<div class="axis-row" aria-hidden="true">
    <span class="axis-name">Idle</span>
    <div class="gap-names">
      ${gaps.map((gap) => {
        const took = inUnit.value(gap.end - gap.start)
        const room = Math.min(1, across(gap.end)) - Math.max(0, across(gap.start))
        if (room <= 0) return null
        const text = [gap.isHuman ? `a person ${took}` : took, took].find((each) => shareOf(each) <= room)
        return html`<span class="gap" style=${placeOfGap(gap)} title=${took}
          >${pressIdle.value ? '// ' : ''}${text}</span
        >`
      })}
    </div>
  </div>`
}
