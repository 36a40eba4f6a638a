import type { ComponentChildren } from 'preact'
import { chartOf, type Observation } from 'findings/kinds'
import { Answers } from './answers.ts'
import { Branches } from './branches.ts'
import { Load } from './load.ts'
import { Scatter } from './scatter.ts'
import { Stack } from './stack.ts'
import { Strip } from './strip.ts'
import { Tokens } from './tokens.ts'
import { Tools } from './tools.ts'
import type { Look } from '../state/look.ts'
import { segmentsOf } from '../../model/segments.ts'
import { callsOf } from '../../model/trace-model.ts'
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
      return h(Stack, { title: chart.title, segments: segmentsOf(model, chart.names), marked: chart.marked ?? [] })
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
