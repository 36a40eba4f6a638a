import { html } from 'htm/preact'
import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { agentOf, flag, has, nameOf } from '../../model/columns.ts'
import type { Note } from '../../model/note.ts'
import { getJson, messageOf } from '../state/api.ts'
import { Copy } from './copy.ts'
import { facts, type Received } from './facts.ts'
import { Glance } from './glance.ts'
import { valueText } from './value.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'
import { h } from '../h.ts'

/** All that is known of the selected span. */
export function Details({ look }: { look: Look }): ComponentChildren {
  const [received, receive] = useState<{ id: string; span: Received | null; problem: string }>(nothing)
  const model = look.trace.model.value
  const span = look.selected.value
  const id = model?.columns.id[span] ?? ''
  const isLost = model !== null && span >= 0 && has(model.columns, span, flag.lost)
  useEffect(() => {
    if (!model || !id || isLost) return undefined
    let isWanted = true
    getJson<Received>(`/traces/${model.columns.trace_id}/spans/${id}`).then(
      (found) => isWanted && receive({ id, span: found, problem: '' }),
      (error: unknown) => isWanted && receive({ id, span: null, problem: messageOf(error) }),
    )
    return () => void (isWanted = false)
  }, [model, id, isLost])
  if (!model) return html`<aside class="details"></aside>`
  if (span < 0) return h(Glance, { look, model })
  const note = model.notes[id]
  const { span: known, problem } = received.id === id ? received : nothing
  return html`<aside class="details" aria-label="Span">
    <header>
      <h2>${nameOf(model.columns, span)}</h2>
      <button type="button" class="tool" aria-label="Select nothing (Esc)" onClick=${() => look.unselect()}>✕</button>
    </header>
    ${facts(look, model, span, known)} ${note && changes(look, note, isLost)}
    ${!isLost && known && events(look, model, span, known)} ${links(look, model, span)}
    ${isLost ? attributes(note?.attributes, 'As the run knows it') : known && attributes(known.attributes, 'Attributes')}
    ${!isLost && known && attributes(known.resource, 'Resource')} ${problem && html`<p class="problem">${problem}</p>`}
  </aside>`
}

const nothing = { id: '', span: null, problem: '' }

function changes(look: Look, { key, changes: list }: Note, isLost: boolean): VNode {
  if (isLost)
    return html`<p class="verdict-note">
      <b>${look.trace.isExcused.value ? '○ Not here.' : '◌ Lost.'}</b> The run knows that it did
      <code>${key}</code> then; its span is not here.
      ${look.trace.isExcused.value && `${look.trace.verification.value?.note}.`}
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

function events(look: Look, { columns }: TraceModel, span: number, { events: list }: Received): VNode | null {
  if (list.length === 0) return null
  const start = (columns.origin_ms ?? 0) + (columns.start[span] as number)
  return html`<section>
    <h3>${list.length} events</h3>
    <table class="plain">
      <tbody>
        ${list.slice(0, mostEvents).map(
          ({ name, time_ms, attributes: own }) =>
            html`<tr>
              <td class="number">${time_ms === null ? 'not known' : `+ ${look.inUnit.value(time_ms - start)}`}</td>
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

function links(look: Look, { columns }: TraceModel, span: number): VNode[] {
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
                  <button type="button" class="link" onClick=${() => look.select(other)}>
                    ${agentOf(columns, other) || nameOf(columns, other)}
                    <span class="dim">${look.inUnit.value(columns.duration[other] as number)}</span>
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
    <h3>${title} ${h(Copy, { text: JSON.stringify(list, null, 2), what: `${title.toLowerCase()} as JSON` })}</h3>
    <dl class="attributes">
      ${entries.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${valueText(value)}</dd>`,
      )}
    </dl>
  </section>`
}
