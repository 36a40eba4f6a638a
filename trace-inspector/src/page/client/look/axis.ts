import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { tick } from 'findings/format'
import type { Gap } from '../../model/idle.ts'
import { shareOf } from './bars.ts'
import type { Look } from '../state/look.ts'

/** Of one tick with its text, px. */
const tickWidth = 90
const ticksSeen = ({ timeline, seen, timeWidth }: Look) =>
  timeline.value?.ticks(seen.value, Math.max(2, timeWidth.value / tickWidth)) ?? { times: [], stepMs: 1 }

/** Round times over the rows. A drag zooms to what it covers. */
export function Axis({ look }: { look: Look }): VNode {
  const box = useRef<HTMLDivElement>(null)
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null)
  const { from, to } = look.seen.value
  const { times, stepMs } = ticksSeen(look)
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
        look.view.value = {
          from: from + Math.min(drag.from, drag.to) * width,
          to: from + Math.max(drag.from, drag.to) * width,
        }
      }
      setDrag(null)
    }}
  >
    ${times
      .map((time) => ({ at: look.across(time), text: tick(time, stepMs, look.trace.model.value?.extent.end ?? 0) }))
      .filter(({ at, text }) => at + shareOf(look, text) < 1.03)
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
export function Bands({ look }: { look: Look }): VNode {
  const { times } = ticksSeen(look)
  const gaps = look.trace.model.value?.idle ?? []
  return html`<div class="bands" aria-hidden="true">
    <div class="bands-time">
      ${times.map((time) => html`<i class="line" style=${{ left: `${look.across(time) * 100}%` }}></i>`)}
      ${gaps.map((gap) => html`<span class="gap" style=${placeOfGap(look, gap)}></span>`)}
    </div>
  </div>`
}

function placeOfGap(look: Look, { start, end }: Gap) {
  const from = Math.max(0, look.across(start))
  const to = Math.min(1, look.across(end))
  return { left: `${from * 100}%`, width: `${Math.max(0, to - from) * 100}%` }
}

/** What the hatched times are, in a line of their own: no bar is written over. */
export function GapNames({ look }: { look: Look }): VNode | null {
  const gaps = look.trace.model.value?.idle ?? []
  if (gaps.length === 0) return null
  return html`<div class="axis-row" aria-hidden="true">
    <span class="axis-name">Idle</span>
    <div class="gap-names">
      ${gaps.map((gap) => {
        const took = look.inUnit.value(gap.end - gap.start)
        const room = Math.min(1, look.across(gap.end)) - Math.max(0, look.across(gap.start))
        if (room <= 0) return null
        const text = [gap.isHuman ? `a person ${took}` : took, took].find((each) => shareOf(look, each) <= room)
        return html`<span class="gap" style=${placeOfGap(look, gap)} title=${took}
          >${look.pressIdle.value ? '// ' : ''}${text}</span
        >`
      })}
    </div>
  </div>`
}
