import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { endOf, flag, has } from '../../model/columns.ts'
import { layOut } from '../../model/rows.ts'
import { prepare } from '../dom.ts'
import { palette } from '../state/theme.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'

const none = { closed: new Set<number>(), unfolded: new Set<number>() }

/** Every span, opened or not, in the order of the rows. */
export const allRows = ({ columns, tree }: TraceModel): Int32Array =>
  layOut(tree, { folds: [], of: new Int32Array(columns.id.length).fill(-1) }, none).row

/** The whole trace in a strip, and which part of it is seen; a drag over it zooms. */
export function Overview({ look }: { look: Look }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [size, setSize] = useState(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setSize(entry?.contentRect.width ?? 0))
    observer.observe(canvas.current as HTMLCanvasElement)
    return () => observer.disconnect()
  }, [])
  const line = look.timeline.value
  const model = look.trace.model.value
  const order = useMemo(() => model && allRows(model), [model])
  useEffect(() => {
    if (canvas.current && model && order && line)
      drawSpans(canvas.current, model, order, (time) => line.drawn(time) / line.length, {
        marks: look.marked.value,
        chosen: look.selected.value,
        lost: look.trace.isExcused.value ? 'muted' : 'ink',
      })
  }, [model, line, order, look.marked.value, look.selected.value, palette.value, size, look.trace.isExcused.value])
  const { from, to } = look.seen.value
  const length = line?.length || 1
  const start = useRef<number | null>(null)
  const at = (event: PointerEvent) => {
    const { left, width } = (canvas.current as HTMLCanvasElement).getBoundingClientRect()
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * length
  }
  return html`<div class="overview" aria-hidden="true">
    <span class="axis-name">All spans<br />drag to zoom</span>
    <div class="overview-time">
      <canvas
        ref=${canvas}
        onPointerDown=${(event: PointerEvent) => {
          ;(event.target as Element).setPointerCapture(event.pointerId)
          start.current = at(event)
        }}
        onPointerMove=${(event: PointerEvent) => {
          const began = start.current
          if (began === null || Math.abs(at(event) - began) < length / 100) return
          look.view.value = { from: Math.min(began, at(event)), to: Math.max(began, at(event)) }
        }}
        onPointerUp=${() => (start.current = null)}
        onDblClick=${() => (look.view.value = null)}
      ></canvas>
      ${
        look.view.value &&
        html`<i class="veil" style=${{ left: 0, width: `${(from / length) * 100}%` }}></i>
          <i class="veil" style=${{ left: `${(to / length) * 100}%`, right: 0 }}></i>`
      }
    </div>
  </div>`
}

interface Emphasis {
  marks: ReadonlySet<number>
  /** −1 for none. */
  chosen: number
  /** The colour of spans that are not there. */
  lost: string
}
const nothing: Emphasis = { marks: new Set(), chosen: -1, lost: 'ink' }

/** Draws spans in the order of their rows; `x` says where a time is, from 0 to 1. */
export function drawSpans(
  canvas: HTMLCanvasElement,
  model: TraceModel,
  rows: Int32Array,
  x: (time: number) => number,
  { marks, chosen, lost } = nothing,
): void {
  const prepared = prepare(canvas)
  if (!prepared) return
  const { pen, width, height } = prepared
  const hue = (name: string) => palette.value[name] ?? ''
  const { columns } = model
  const tall = Math.min(6, Math.max(1, (height - 4) / rows.length))
  let last = ''
  const bar = (span: number, place: number, fill: string) => {
    const left = x(columns.start[span] as number) * width
    const right = x(endOf(columns, span)) * width
    const y = 2 + (place / rows.length) * (height - 4)
    // To set a colour costs more than to draw a bar.
    if (fill !== last) pen.fillStyle = last = fill
    pen.fillRect(left, y, Math.max(1, right - left), tall)
  }
  const late: [number, number, string][] = []
  rows.forEach((span, place) => {
    if (marks.has(span)) late.push([span, place, hue('mark')])
    else if (has(columns, span, flag.lost)) late.push([span, place, hue(lost)])
    else if (has(columns, span, flag.error)) late.push([span, place, hue('error')])
    else bar(span, place, hue(`hue-${(columns.service[span] as number) % 6}`))
    if (span === chosen) late.push([span, place, hue('accent')])
  })
  for (const each of late) bar(...each)
}
