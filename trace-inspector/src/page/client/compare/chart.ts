import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { Observation } from 'findings/kinds'
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
  switch (observation.kind) {
    case 'straggler': {
      const { calls, span_ids } = observation.observed
      const marked = new Set(span_ids)
      const values = [...callsOf(model)].map(([id, value]) => ({ id, ms: value, isMarked: marked.has(id) }))
      const lines = (['mean', 'p95', 'p99'] as const).map((name) => ({ name, ms: calls[`${name}_ms`] }))
      return html`<${Strip} title="Every tool call by its duration" values=${values} lines=${lines} />`
    }
    case 'critical_path':
      return html`<${Branches} observed=${observation.observed} />`
    case 'retry_storm':
      return html`<${Tools} observed=${observation.observed} />`
    case 'size_latency':
      return html`<${Scatter} observed=${observation.observed} />`
    case 'token_timeline':
      return html`<${Tokens} observed=${observation.observed} />`
    case 'cumulative_latency':
      return html`<${Stack}
        title="The calls of the chain, one after the other"
        segments=${inOrder(model, ['execute_tool'])}
      />`
    case 'step_variance':
      return html`<${Stack}
        title="Thinking and acting, in order"
        segments=${inOrder(model, ['chat', 'execute_tool'])}
        marked=${observation.observed.span_ids}
      />`
    case 'idle_wait':
      return html`<${Stack}
        title="Work and waiting"
        segments=${inOrder(model, ['chat', 'execute_tool', 'human_feedback', 'checkpoint'])}
      />`
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
