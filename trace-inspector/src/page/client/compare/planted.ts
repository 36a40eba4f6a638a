import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { Key, KeyFault } from 'contract/key'
import type { Compared } from 'findings/planted'
import { actorOf, nameOf } from '../../model/columns.ts'
import { few, ms } from 'findings/format'
import { note } from '../state/address.ts'
import type { Look } from '../state/look.ts'
import { h } from '../h.ts'

/** Whether what was found is what was planted. */
export function PlantedBadge({ planted }: { planted: Compared | 'pending' }): VNode {
  if (planted === 'pending')
    return html`<span class="badge is-unknown"
      ><i class="spinner" aria-hidden="true"></i> what was planted is being judged</span
    >`
  return planted.agrees
    ? html`<span class="badge is-found">✓ as planted</span>`
    : html`<span class="badge is-not-found">✕ not as planted</span>`
}

const mostFaults = 12
const mostStray = 6

interface Props {
  look: Look
  compared: Compared
  runKey: Key
  /** Of what it is told how much longer it took, with the verb. */
  taken: string
}

/** Every fault of a run, what it cost, and whether it was found; and what was found that nobody planted. */
export function Planted({ look, compared, runKey, taken }: Props): VNode {
  const faults = [...runKey.faults].sort(
    (a, b) => Number(compared.missed.includes(b.id)) - Number(compared.missed.includes(a.id)) || costOf(b) - costOf(a),
  )
  const more = faults.length - mostFaults
  const stray = compared.not_planted
  return html`<div class="planted">
    <p>${h(PlantedBadge, { planted: compared })} ${compared.text}</p>
    ${
      faults.length > 0 &&
      html`<p class="dim">
          How much longer ${taken} for a fault beside the others, and would have taken for that fault alone.
        </p>
        <div class="scroll" tabindex="0" role="region" aria-label="What was planted">
          <table>
            <thead>
              <tr>
                <th scope="col">Planted</th>
                <th scope="col">Where</th>
                <th scope="col" class="number">Cost</th>
                <th scope="col" class="number">Alone</th>
                <th scope="col">Found</th>
              </tr>
            </thead>
            <tbody>
              ${faults.slice(0, mostFaults).map(
                (fault) =>
                  html`<tr>
                    <th scope="row">${fault.kind.replaceAll('_', ' ')}</th>
                    <td>${place(look, fault)}</td>
                    <td class="number">${cost(fault.impact?.ms)}</td>
                    <td class="number">${cost(fault.impact?.alone_ms)}</td>
                    <td>${foundWords(compared, fault)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>`
    }
    ${more > 0 && html`<p class="dim">and ${more} more</p>`}
    ${
      stray.length > 0 &&
      html`<p class="stray">
        Found, and not planted: ${stray.slice(0, mostStray).map((id) => html`${toSpan(look, id, id)} `)}
        ${stray.length > mostStray && html`<span class="dim">and ${stray.length - mostStray} more</span>`}
      </p>`
    }
  </div>`
}

const cost = (value: number | undefined) => (value === undefined ? '–' : ms(Math.round(value)))
const costOf = ({ impact }: KeyFault) => Math.abs(impact?.ms ?? 0)

function foundWords({ missed, spared }: Compared, { id, standing }: KeyFault): VNode | string {
  if (missed.includes(id)) return html`<span class="sign is-error">✕ missed</span>`
  if (spared.includes(id)) return '– without effect'
  return standing === 'neutral' ? '✓ without effect' : '✓'
}

function place(look: Look, { accepted, entity, steps }: KeyFault): VNode | string {
  const who = [entity.agent, entity.tool, entity.model, entity.shard].filter((part) => part !== undefined)
  const name = who.length > 0 ? who.join(', ') : (steps[0] ?? '')
  const first = accepted.flat().find((id) => look.positions.value.has(id))
  return first === undefined ? name : toSpan(look, first, name)
}

/** A link to a span, by what it is and whose. */
function toSpan(look: Look, spanId: string, name: string): VNode | string {
  const model = look.trace.model.value
  const span = look.positions.value.get(spanId)
  if (!model || span === undefined) return name
  const words =
    name === spanId ? few([actorOf(model.columns, span), nameOf(model.columns, span)].filter(Boolean), 2) : name
  return html`<button
    type="button"
    class="link"
    onClick=${() => {
      note({ tab: 'look' })
      look.select(span)
    }}
  >
    ${words}
  </button>`
}
