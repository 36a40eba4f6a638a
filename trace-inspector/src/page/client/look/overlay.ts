import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { endOf } from '../../model/columns.ts'
import { prepare } from '../dom.ts'
import { palette } from '../state/theme.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'

/** More arcs than this are drawn as one bundle for each pair of rows. */
const mostArcs = 50
/** Of a segment that is drawn, px. */
const leastWidth = 1.5

/** What runs across rows: the critical path, and links. */
export function Overlay({ look }: { look: Look }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (canvas.current && look.trace.model.value) draw(look, canvas.current, look.trace.model.value)
  }, [
    look.trace.model.value,
    look.rows.value,
    look.scrollTop.value,
    look.viewHeight.value,
    look.seen.value,
    look.timeline.value,
    look.segments.value,
    look.selected.value,
    look.showLinks.value,
    palette.value,
    look.rowHeight.value,
  ])
  return html`<div class="overlay" aria-hidden="true"><canvas ref=${canvas}></canvas></div>`
}

function draw(look: Look, canvas: HTMLCanvasElement, model: TraceModel): void {
  const prepared = prepare(canvas)
  if (!prepared) return
  const { pen, width, height } = prepared
  const { critical = '', link = '' } = palette.value
  const tall = look.rowHeight.value
  const y = (place: number) => (place + 1) * tall - 3.5 - look.scrollTop.value
  const isNear = (top: number) => top > -tall && top < height + tall
  const widthOfMs = width / (look.seen.value.to - look.seen.value.from || 1)
  const along = new Path2D()
  const between = new Path2D()
  let lastY: number | undefined
  look.segments.value.forEach(({ from, to }, index) => {
    const place = look.segmentPlaces.value[index] as number
    // What is thinner than a line would only be a line up and down.
    if (place < 0 || (to - from) * widthOfMs < leastWidth) return
    const here = y(place)
    const before = lastY ?? here
    lastY = here
    // Of thousands of segments a few are to be seen.
    const isSeen = isNear(here)
    if (!isSeen && !isNear(before) && before < 0 === here < 0) return
    const left = look.across(from) * width
    if (before !== here) {
      between.moveTo(left, before)
      between.lineTo(left, here)
    }
    const right = look.across(to) * width
    if (!isSeen || right < 0 || left > width) return
    along.moveTo(Math.max(-2, left), here)
    along.lineTo(Math.min(width + 2, Math.max(right, left + 1)), here)
  })
  pen.strokeStyle = critical
  pen.lineWidth = 2.5
  pen.stroke(along)
  pen.lineWidth = 1
  pen.stroke(between)
  if (look.showLinks.value)
    drawLinks(look, pen, model, link, (place) => (place + 0.5) * tall - look.scrollTop.value, width, height)
}

interface Arc {
  fromX: number
  fromY: number
  toX: number
  toY: number
  count: number
}

function drawLinks(
  look: Look,
  pen: CanvasRenderingContext2D,
  { columns }: TraceModel,
  colour: string,
  y: (place: number) => number,
  width: number,
  height: number,
): void {
  const { from, to } = columns.links
  const isBundled = from.length > mostArcs
  const arcs = new Map<string, Arc>()
  from.forEach((joined, index) => {
    const waited = to[index] as number
    const places = [look.placeOf(waited), look.placeOf(joined)] as const
    if (places[0] < 0 || places[1] < 0 || places[0] === places[1]) return
    const arc = {
      fromX: look.across(endOf(columns, waited)) * width,
      fromY: y(places[0]),
      toX: look.across(columns.start[joined] as number) * width,
      toY: y(places[1]),
      count: 1,
    }
    const key = isBundled ? places.join() : String(index)
    const known = arcs.get(key)
    if (!known) arcs.set(key, arc)
    else {
      known.count++
      known.fromX = Math.max(known.fromX, arc.fromX)
    }
  })
  pen.strokeStyle = pen.fillStyle = colour
  pen.font = '11px system-ui, sans-serif'
  for (const { fromX, fromY, toX, toY, count } of arcs.values()) {
    if (Math.max(fromY, toY) < -20 || Math.min(fromY, toY) > height + 20) continue
    const bend = Math.min(60, 14 + Math.abs(toY - fromY) / 4)
    pen.lineWidth = Math.min(4, 1 + Math.log2(count) / 3)
    pen.beginPath()
    pen.moveTo(fromX, fromY)
    pen.bezierCurveTo(fromX + bend, fromY, toX - bend, toY, toX, toY)
    pen.stroke()
    pen.beginPath()
    pen.moveTo(toX + 1, toY)
    pen.lineTo(toX - 6, toY - 3.5)
    pen.lineTo(toX - 6, toY + 3.5)
    pen.fill()
    if (count > 1) pen.fillText(`${count} links`, toX + 6, toY - 9)
  }
}
