import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import { signal } from '@preact/signals'
import { agentOf, flag, has, nameOf } from '../../model/columns.ts'
import { inUnit, select, selected, unselect } from '../state/look.ts'
import type { Note } from '../../model/note.ts'
import { getJson, messageOf } from '../state/api.ts'
import { isExcused, trace, type TraceModel, verification } from '../state/trace.ts'
import { Copy } from './copy.ts'
import { facts, type Received } from './facts.ts'
import { Glance } from './glance.ts'
import { valueText } from './value.ts'

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
    ${isLost ? attributes(note?.attributes, 'As the run knows it') : known && attributes(known.attributes, 'Attributes')}
    ${!isLost && known && attributes(known.resource, 'Resource')} ${problem && html`<p class="problem">${problem}</p>`}
  </aside>`
}

function changes({ key, changes: list }: Note, isLost: boolean): VNode {
  if (isLost)
    return html`<p class="verdict-note">
      <b>${isExcused.value ? '○ Not here.' : '◌ Lost.'}</b> The run knows that it did <code>${key}</code> then; its span
      is not here. ${isExcused.value && `${verification.value?.note}.`}
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
              <td class="number">${time_ms === null ? 'not known' : `+ ${inUnit.value(time_ms - start)}`}</td>
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
                    <span class="dim">${inUnit.value(columns.duration[other] as number)}</span>
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
    <h3>${title} <${Copy} text=${JSON.stringify(list, null, 2)} what=${`${title.toLowerCase()} as JSON`} /></h3>
    <dl class="attributes">
      ${entries.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${valueText(value)}</dd>`,
      )}
    </dl>
  </section>`
}
