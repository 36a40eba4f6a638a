import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { agentOf, endOf, flag, has, nameOf, serviceOf } from '../../model/columns.ts'
import { instant } from 'findings/format'
import type { detailsOf } from '../../../columns.ts'
import { textOf, wordsOf } from './bars.ts'
import { Copy } from './copy.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'
import { h } from '../h.ts'

/** Everything about a span, as the server tells it. */
export type Received = ReturnType<typeof detailsOf>

/** What a span is, when it was, and where it hangs. `known` is null of a span that never arrived, and until it is there. */
export function facts(look: Look, model: TraceModel, span: number, known: Received | null): VNode {
  const { columns, tree } = model
  const exclusive = look.path.value.get(span)
  const noStart = has(columns, span, flag.no_start)
  const noEnd = has(columns, span, flag.not_ended)
  const list: [string, unknown][] = [
    ['service', html`<i class=${`dot hue-${(columns.service[span] as number) % 6}`}></i>${serviceOf(columns, span)}`],
    ['agent', agentOf(columns, span)],
    ['kind', known?.kind ?? ''],
    ['took', noStart || noEnd ? 'not known' : look.inUnit.value(columns.duration[span] as number)],
    ['started', noStart ? 'not known' : time(look, model, columns.start[span] as number, known?.start_ms)],
    ['ended', noEnd ? 'not known' : time(look, model, endOf(columns, span), known?.end_ms)],
    [
      'waited for',
      !look.showMarks.value
        ? ''
        : exclusive === undefined
          ? 'no: not on the critical path'
          : `${look.inUnit.value(exclusive)} here, on the critical path`,
    ],
    ['status', status(look, columns, span, known)],
    ['depth', String(tree.depth[span])],
    ['parent', parent(look, model, known, columns.parent[span] as number)],
    ['span id', id('span id', columns.id[span] as string)],
    ['trace id', id('trace id', columns.trace_id)],
    ['trace state', known?.trace_state ?? ''],
    ['scope', [known?.scope.name, known?.scope.version].filter(Boolean).join(' ')],
    ['dropped', known ? dropped(known) : ''],
  ]
  return html`<dl class="facts">
    ${list
      .filter(([, value]) => value !== '')
      .map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
  </dl>`
}

/** Since the trace's start, and on the clock; as it was sent, where that is known. */
function time(
  look: Look,
  { columns: { origin_ms: origin } }: TraceModel,
  drawn: number,
  sent: number | null | undefined,
): VNode {
  const at = sent ?? (origin === null ? null : origin + drawn)
  const since = at === null || origin === null ? drawn : at - origin
  return html`${since < 0 ? '−' : '+'} ${look.inUnit.value(Math.abs(since))}
  ${at !== null && html`<span class="dim instant">${instant(at)}</span>`}`
}

function status(look: Look, columns: TraceModel['columns'], span: number, known: Received | null): VNode {
  const words = wordsOf(look, columns, span).map(textOf)
  const all = [...new Set([...(known ? [known.status] : []), ...words])].join(', ')
  return html`${all}${known?.status_message && html`<span class="status-message">${known.status_message}</span>`}`
}

function parent(look: Look, { columns }: TraceModel, known: Received | null, above: number): VNode | string {
  const parentId = known?.parent_span_id ?? (above >= 0 ? (columns.id[above] as string) : null)
  if (parentId === null) return 'none: a root'
  const place = look.positions.value.get(parentId)
  const name =
    place === undefined
      ? html`<span class="dim">not here</span>`
      : html`<button type="button" class="link" onClick=${() => look.select(place)}>${nameOf(columns, place)}</button>`
  return html`<span class="parent">${name}</span>${id('parent id', parentId)}`
}

const id = (what: string, text: string) => html`<code>${text}</code> ${h(Copy, { text, what })}`

const dropped = ({ dropped: { attributes, events, links } }: Received) =>
  Object.entries({ attributes, events, links })
    .filter(([, number]) => number > 0)
    .map(([what, number]) => `${number} ${what}`)
    .join(', ')
