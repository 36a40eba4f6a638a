import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import { signal } from '@preact/signals'
import { agentOf, endOf, flag, has, nameOf, serviceOf } from '../../model/columns.ts'
import { ms } from '../../model/format.ts'
import { path, select, selected, unselect } from '../state/look.ts'
import type { Note } from '../../model/note.ts'
import { getJson, messageOf } from '../state/api.ts'
import { trace, type TraceModel } from '../state/trace.ts'
import { wordsOf } from './bars.ts'
import { Glance } from './glance.ts'
import { valueText } from './value.ts'

interface Received {
  kind: string
  status: string
  status_message: string
  start_ms: number | null
  end_ms: number | null
  attributes: Record<string, unknown>
  scope: { name: string; version: string }
  resource: Record<string, unknown>
  trace_state: string
  dropped: { attributes: number; events: number; links: number }
  events: { name: string; time_ms: number | null; attributes: Record<string, unknown> }[]
}

const received = signal<{ id: string; span: Received | null; problem: string }>({ id: '', span: null, problem: '' })

async function load(traceId: string, id: string): Promise<void> {
  const set = (span: Received | null, problem = '') => (received.value = { id, span, problem })
  try {
    const span = await getJson<Received>(`/traces/${traceId}/spans/${id}`)
    if (selectedId() === id) set(span)
  } catch (error) {
    if (selectedId() === id) set(null, messageOf(error))
  }
}
const selectedId = () => trace.value?.columns.id[selected.value] ?? ''

/** All that is known of the selected span. */
export function Details(): VNode {
  const model = trace.value
  const span = selected.value
  const id = selectedId()
  const isLost = model !== null && span >= 0 && has(model.columns, span, flag.lost)
  useEffect(() => {
    if (model && id && !isLost) void load(model.columns.trace_id, id)
  }, [model, id, isLost])
  if (!model || span < 0) return html`<${Glance} />`
  const note = model.notes[id]
  const { span: known, problem } = received.value.id === id ? received.value : { span: null, problem: '' }
  return html`<aside class="details" aria-label="Span">
    <header>
      <h2>${nameOf(model.columns, span)}</h2>
      <button type="button" class="tool" aria-label="Select nothing (Esc)" onClick=${unselect}>✕</button>
    </header>
    ${facts(model, span, known)} ${note && changes(note, isLost)} ${!isLost && known && events(model, span, known)}
    ${links(model, span)}
    ${isLost ? attributes(note?.attributes, 'As the ledger has it') : known && attributes(known.attributes, 'Attributes')}
    ${known && attributes(known.resource, 'Resource')} ${problem && html`<p class="problem">${problem}</p>`}
  </aside>`
}

function facts(model: TraceModel, span: number, known: Received | null): VNode {
  const { columns, tree } = model
  const exclusive = path.value.get(span)
  const list: [string, unknown][] = [
    ['service', html`<i class=${`dot hue-${(columns.service[span] as number) % 6}`}></i>${serviceOf(columns, span)}`],
    ['agent', agentOf(columns, span)],
    ...times(columns, span, known),
    ['critical path', exclusive === undefined ? 'not on it' : `waited for ${ms(exclusive)} here`],
    ['depth', String(tree.depth[span])],
    [
      'status',
      [...new Set([...(known ? [known.status] : []), ...wordsOf(columns, span)])].join(', ').replaceAll('_', ' '),
    ],
    ['message', known?.status_message ?? ''],
    ['scope', known ? `${known.scope.name} ${known.scope.version}`.trim() : ''],
    ['tracestate', known?.trace_state ?? ''],
    ['dropped', known ? droppedText(known.dropped) : ''],
    ['span id', html`<code>${columns.id[span]}</code>`],
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

function times(columns: TraceModel['columns'], span: number, known: Received | null): [string, string][] {
  const isOdd = has(columns, span, flag.ended_before_start)
  const early = isOdd && known ? ms((known.start_ms as number) - (known.end_ms as number)) : ''
  return [
    ['took', has(columns, span, flag.not_ended | flag.no_start) ? 'not known' : ms(columns.duration[span] as number)],
    ['started', has(columns, span, flag.no_start) ? 'not known' : `+ ${ms(columns.start[span] as number)}`],
    [
      'ended',
      has(columns, span, flag.not_ended)
        ? 'not yet'
        : isOdd
          ? `${early} before it started`
          : `+ ${ms(endOf(columns, span))}`,
    ],
  ]
}

/** What the sender had no room for. */
const droppedText = (dropped: Received['dropped']) =>
  Object.entries(dropped)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ')

function changes({ key, changes: list }: Note, isLost: boolean): VNode {
  if (isLost)
    return html`<p class="verdict-note is-lost">
      <b>◌ Missing.</b> The ledger says that step <code>${key}</code> happened here; its span is not here.
    </p>`
  return html`<section class="changes">
    <h3>≠ Not as it was written</h3>
    <ul>
      ${list.map(
        ({ kind, expected, actual }) =>
          html`<li>
            <b>${kind.replaceAll('_', ' ')}</b>
            <del>${valueText(expected)}</del> <span aria-label="became">→</span> <ins>${valueText(actual)}</ins>
          </li>`,
      )}
    </ul>
  </section>`
}

const mostEvents = 200

function events({ columns }: TraceModel, span: number, { events: list }: Received): VNode | null {
  if (list.length === 0) return null
  const start = (columns.origin_ms ?? 0) + (columns.start[span] as number)
  return html`<section>
    <h3>${list.length} events</h3>
    <table class="plain">
      <tbody>
        ${list.slice(0, mostEvents).map(
          ({ name, time_ms, attributes: own }) =>
            html`<tr>
              <td class="number">${time_ms === null ? '' : `+ ${ms(time_ms - start)}`}</td>
              <th scope="row">${name.replaceAll('_', ' ')}</th>
              <td>
                ${Object.entries(own).map(([key, value]) => html`<span class="pair">${key.split('.').at(-1)} ${valueText(value)}</span>`)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${list.length > mostEvents && html`<p class="dim">and ${list.length - mostEvents} more</p>`}
  </section>`
}

const mostLinks = 50

function links({ columns }: TraceModel, span: number): VNode[] {
  const { from, to } = columns.links
  const waitedFor = to.filter((_, index) => from[index] === span)
  const joinedBy = from.filter((_, index) => to[index] === span)
  return (
    [
      ['Waited for', waitedFor],
      ['Waited for by', joinedBy],
    ] as const
  )
    .filter(([, spans]) => spans.length > 0)
    .map(
      ([title, spans]) =>
        html`<section>
          <h3>${title} <span class="dim">${spans.length} by links</span></h3>
          <ul class="links">
            ${spans.slice(0, mostLinks).map(
              (other) =>
                html`<li>
                  <button type="button" class="link" onClick=${() => select(other)}>
                    ${agentOf(columns, other) || nameOf(columns, other)}
                    <span class="dim">${ms(columns.duration[other] as number)}</span>
                  </button>
                </li>`,
            )}
            ${spans.length > mostLinks && html`<li class="dim">and ${spans.length - mostLinks} more</li>`}
          </ul>
        </section>`,
    )
}

function attributes(list: Record<string, unknown> | undefined, title: string): VNode | null {
  const entries = Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  if (entries.length === 0) return null
  return html`<section>
    <h3>${title}</h3>
    <dl class="attributes">
      ${entries.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${valueText(value)}</dd>`,
      )}
    </dl>
  </section>`
}
