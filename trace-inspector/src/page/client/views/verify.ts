import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { flag, has } from '../../model/columns.ts'
import { count, ms, whole } from 'findings/format'
import { address } from '../state/address.ts'
import { valueText } from '../look/value.ts'
import { LookView } from './look-view.ts'
import { verdicts } from './trace-head.ts'
import type { Look } from '../state/look.ts'
import type { Verification } from '../state/trace.ts'
import { h } from '../h.ts'

/** Whether everything arrived, what did not, and where it happened. */
export function Verify({ look }: { look: Look }): VNode {
  const verdict = look.trace.verification.value
  if (!verdict)
    return look.trace.ledgerProblem.value
      ? html`<p class="problem">${look.trace.ledgerProblem.value}</p>`
      : html`<p class="waiting" role="status">
          <i class="spinner" aria-hidden="true"></i> Comparing with what the run did
        </p>`
  return html`<div class="verify">
    <section class="card" aria-labelledby="verdict-title">
      <h2 id="verdict-title">${verdicts[verdict.verdict].sign} ${sentence(verdict)}</h2>
      <p class="dim">Each span was compared with what the run did, as it knows it itself (its ledger).</p>
      ${verdict.note && html`<p>${verdict.note}.</p>`} ${skews(verdict)} ${counts(verdict)}
      ${differences(look, verdict)}
      ${
        verdict.verdict !== 'complete' &&
        html`<p>
          <button type="button" class="tool" onClick=${() => void look.trace.open(address.value.trace)}>
            Verify again
          </button>
        </p>`
      }
    </section>
    ${legend(look)} ${h(LookView, { look })}
  </div>`
}

function sentence({ verdict, run, counts: all }: Verification): string {
  if (run === 'running') return `The run still goes on: ${count(all.received, 'span')} by now`
  switch (verdict) {
    case 'complete':
      return `Complete: all ${count(all.expected, 'span')} that the run made arrived, once and unchanged`
    case 'incomplete':
      return `Incomplete: of ${count(all.expected, 'span')} that the run made, ${whole(all.missing)} never arrived`
    case 'altered':
      return `Altered: all ${count(all.expected, 'span')} arrived, with ${count(all.differences, 'difference')}`
    case 'absent':
      return 'Absent: nothing of the run arrived, or nothing of it was sampled'
    case 'no_ledger':
      return `No ledger: of ${count(all.without_ledger, 'span')} nobody knows any more what they were`
    case 'queued':
      return `Queued: ${whole(all.excused)} of ${count(all.expected, 'span')} are not here yet`
    case 'elsewhere':
      return `Elsewhere: ${count(all.expected, 'span')} that the run made went to another place`
    case 'forgotten':
      return `Forgotten: of ${count(all.expected, 'span')} that the run made, ${whole(all.excused)} are not here any more`
  }
}

const totals = ['expected', 'received', 'not_owed', 'of_caller', 'without_ledger', 'excused', 'differences']

function skews({ clock_skew_ms: skew }: Verification): VNode[] {
  return Object.entries(skew).map(
    ([service, offset]) =>
      html`<p>
        The clock of ${service} was ${ms(Math.abs(offset))} ${offset > 0 ? 'ahead' : 'behind'}; that was subtracted
        before times were compared.
      </p>`,
  )
}

function counts({ counts: all }: Verification): VNode {
  const kinds = Object.entries(all).filter(([kind, number]) => number > 0 && !totals.includes(kind))
  return html`<ul class="counts" aria-label="Counts">
    <li><b>${whole(all.expected)}</b> expected</li>
    <li><b>${whole(all.received)}</b> received</li>
    ${all.excused > 0 && html`<li><b>${whole(all.excused)}</b> not here</li>`}
    ${kinds.map(([kind, number]) => html`<li class="is-off"><b>${whole(number)}</b> ${kind.replaceAll('_', ' ')}</li>`)}
  </ul>`
}

function differences(look: Look, { differences: list, counts: all }: Verification): VNode | null {
  if (list.length === 0) return null
  return html`<div class="scroll differences" tabindex="0" role="region" aria-label="Differences">
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Where</th>
            <th scope="col">Before → after</th>
          </tr>
        </thead>
        <tbody>
          ${list.map(
            ({ kind, span_id, path, expected, actual }) =>
              html`<tr>
                <th scope="row">${kind === 'missing' ? '◌' : '≠'} ${kind.replaceAll('_', ' ')}</th>
                <td>${place(look, span_id, path)}</td>
                <td class="change">
                  <del>${valueText(expected)}</del> <span aria-label="became">→</span> <ins>${valueText(actual)}</ins>
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${all.differences > list.length && html`<p class="dim">The first ${list.length} of ${whole(all.differences)}; every span is marked below.</p>`}`
}

function place(look: Look, spanId: string | null, path: string): VNode | string {
  const span = spanId === null ? undefined : look.positions.value.get(spanId)
  if (span === undefined) return path
  return html`<button
    type="button"
    class="link"
    onClick=${() => {
      look.select(span)
      document.getElementById(look.id)?.scrollIntoView({ block: 'nearest' })
    }}
  >
    ${path}
  </button>`
}

function legend(look: Look): VNode | null {
  const model = look.trace.model.value
  if (!model) return null
  const of = (bit: number) => model.columns.id.filter((_, span) => has(model.columns, span, bit)).length
  const lost = of(flag.lost)
  const altered = of(flag.altered)
  if (lost + altered === 0) return null
  return html`<p class="ghost-legend">
    ${lost > 0 && html`<span><i class=${`bar ${look.trace.isExcused.value ? 'is-away' : 'is-lost'} sample`}></i> ${count(lost, 'span')} ${look.trace.isExcused.value ? 'not here' : 'lost'}: drawn where the run says that it made them</span>`}
    ${altered > 0 && html`<span><i class="bar is-altered sample hue-0"></i> ${count(altered, 'span')} altered: select one to see before → after</span>`}
  </p>`
}
