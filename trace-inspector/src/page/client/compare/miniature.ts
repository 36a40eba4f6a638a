import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { allRows, drawSpans } from '../look/overview.ts'
import { palette } from '../state/theme.ts'
import type { TraceModel } from '../../model/trace-model.ts'

/** A whole trace in small, to a given scale, so that two can be held against each other. */
export function Miniature({ model, longestMs }: { model: TraceModel; longestMs: number }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    if (!canvas.current) return
    drawSpans(canvas.current, model, allRows(model), (time) => (time - model.extent.start) / (longestMs || 1))
  }, [model, longestMs, palette.value])
  return html`<canvas class="miniature" ref=${canvas} aria-hidden="true"></canvas>`
}
