import type { ComponentChildren } from 'preact'
import { chartOf, type Observation } from 'findings/kinds'
import { flag, has, nameOf } from '../../model/columns.ts'
import { Answers } from './answers.ts'
import { Branches } from './branches.ts'
import { Load } from './load.ts'
import { Scatter } from './scatter.ts'
import { type Segment, Stack } from './stack.ts'
import { Strip } from './strip.ts'
import { Tokens } from './tokens.ts'
import { Tools } from './tools.ts'
import type { Look } from '../state/look.ts'
import { callsOf, type TraceModel } from '../../model/trace-model.ts'
import { h } from '../h.ts'

/** The picture of a finding: what the table beside it has no room for. */
export function Chart({ look, observation }: { look: Look; observation: Observation }): ComponentChildren {
  const model = look.trace.model.value
  if (!model) return null
  const chart = chartOf(observation)
  switch (chart.shape) {
    case 'strip': {
      const marked = new Set(chart.marked)
      const values = [...callsOf(model)].map(([id, value]) => ({ id, ms: value, isMarked: marked.has(id) }))
      return h(Strip, { look, title: chart.title, values, lines: chart.lines })
    }
    case 'stack':
      return h(Stack, { title: chart.title, segments: inOrder(model, chart.operations), marked: chart.marked ?? [] })
    case 'branches':
      return h(Branches, { look, observed: chart.observed })
    case 'attempts':
      return h(Tools, { observed: chart.observed })
    case 'scatter':
      return h(Scatter, { observed: chart.observed })
    case 'answers':
      return h(Answers, { observed: chart.observed })
    case 'timeline':
      return h(Tokens, { observed: chart.observed })
    case 'load':
      return h(Load, { observed: chart.observed })
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
