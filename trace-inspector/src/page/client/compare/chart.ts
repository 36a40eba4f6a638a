import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { chartOf, type Observation } from 'findings/kinds'
import { flag, has, nameOf } from '../../model/columns.ts'
import { callsOf, trace, type TraceModel } from '../state/trace.ts'
import { Branches } from './branches.ts'
import { Scatter } from './scatter.ts'
import { type Segment, Stack } from './stack.ts'
import { Strip } from './strip.ts'
import { Tokens } from './tokens.ts'
import { Tools } from './tools.ts'

/** The picture of a finding: what the table beside it has no room for. */
export function Chart({ observation }: { observation: Observation }): VNode | null {
  const model = trace.value
  if (!model) return null
  const chart = chartOf(observation)
  switch (chart.shape) {
    case 'strip': {
      const marked = new Set(chart.marked)
      const values = [...callsOf(model)].map(([id, value]) => ({ id, ms: value, isMarked: marked.has(id) }))
      return html`<${Strip} title=${chart.title} values=${values} lines=${chart.lines} />`
    }
    case 'stack':
      return html`<${Stack} title=${chart.title} segments=${inOrder(model, chart.operations)} marked=${chart.marked} />`
    case 'branches':
      return html`<${Branches} observed=${chart.observed} />`
    case 'attempts':
      return html`<${Tools} observed=${chart.observed} />`
    case 'scatter':
      return html`<${Scatter} observed=${chart.observed} />`
    case 'timeline':
      return html`<${Tokens} observed=${chart.observed} />`
  }
}

/** Spans of some operations in order of start, as parts of the whole. */
function inOrder({ columns }: TraceModel, operations: readonly string[]): Segment[] {
  return columns.id
    .flatMap((id, span): (Segment & { start: number })[] => {
      const name = nameOf(columns, span)
      const operation = operations.find((each) => name.startsWith(each))
      if (!operation) return []
      const kind = has(columns, span, flag.idle)
        ? 'idle'
        : operation === 'chat'
          ? 'thinking'
          : operation === 'checkpoint'
            ? 'other'
            : 'acting'
      const duration = columns.duration[span] as number
      return [{ id, kind, name, ms: duration, start: columns.start[span] as number }]
    })
    .sort((a, b) => a.start - b.start)
}
