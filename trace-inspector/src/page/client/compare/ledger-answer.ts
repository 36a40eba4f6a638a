import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { compareFindings, type Figure } from '../../model/agreement.ts'
import { actorOf, nameOf } from '../../model/columns.ts'
import type { LedgerFinding } from '../../model/finding.ts'
import { count, few, ms } from '../../model/format.ts'
import { note } from '../state/address.ts'
import type { Look } from '../state/look.ts'
import type { Revelation } from '../state/trace.ts'

/** What the run knows of itself, and whether the trace told the same. */
export function LedgerAnswer({ look, revealed }: { look: Look; revealed: Revelation }): VNode {
  const run = look.trace.runs.value[0]
  if (!run?.finding)
    return html`<div class="ledger">
      <h3>What the run knows of itself</h3>
      <p class="dim">${look.trace.ledgerProblem.value || 'The run has no finding yet.'}</p>
    </div>`
  const { finding } = run
  const agreement =
    revealed.kind && revealed.observed
      ? compareFindings({ kind: revealed.kind, observed: revealed.observed }, finding)
      : null
  return html`<div class="ledger">
    <h3>
      What the run knows of itself <span class="dim">its ledger</span>
      ${
        agreement &&
        html`<span class=${`badge ${agreement.agrees ? 'is-complete' : 'is-incomplete'}`}>
          ${agreement.agrees ? '✓ they agree' : '✕ they disagree'}
        </span>`
      }
    </h3>
    <p>${finding.text === revealed.text ? 'The same, word for word.' : `${finding.text}.`}</p>
    <p class="planted">${planted(look, finding.injected)}</p>
    ${
      agreement &&
      !agreement.agrees &&
      html`<p class="dim">
        ${agreement.onlyLedger.length > 0 && `${count(agreement.onlyLedger.length, 'span')} only the run points at. `}
        ${agreement.onlyRevealed.length > 0 && `${count(agreement.onlyRevealed.length, 'span')} only the trace points at.`}
      </p>`
    }
    ${agreement && figures(agreement.figures)}
  </div>`
}

const mostShown = 6

function planted(look: Look, injected: LedgerFinding['injected']): VNode | string {
  if (!injected || injected.length === 0) return 'Nothing was planted: the figures are the finding.'
  return html`<span>Planted</span> ${injected.slice(0, mostShown).map(
      ({ key, drawn_ms, span_id }) =>
        html`<button
            type="button"
            class="link"
            onClick=${() => {
              note({ tab: 'look' })
              look.select(look.positions.value.get(span_id) ?? -1)
            }}
          >
            ${where(look, span_id) || key}
          </button>
          <span class="dim">${ms(drawn_ms)}</span>`,
    )}
    ${injected.length > mostShown && html`<span class="dim">and ${injected.length - mostShown} more</span>`}`
}

function where(look: Look, spanId: string): string {
  const model = look.trace.model.value
  const span = look.positions.value.get(spanId)
  if (!model || span === undefined) return ''
  return few([actorOf(model.columns, span), nameOf(model.columns, span)].filter(Boolean), 2)
}

function figures(list: readonly Figure[]): VNode | null {
  if (list.length === 0) return null
  const shown = (value: Figure['ledger']) =>
    typeof value === 'number' ? String(Math.round(value * 100) / 100) : (value ?? '–')
  return html`<details>
    <summary>${count(list.length, 'figure')}, side by side</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">Figure</th>
          <th scope="col" class="number">Trace</th>
          <th scope="col" class="number">Run</th>
          <th scope="col"><span class="sr">Whether they agree</span></th>
        </tr>
      </thead>
      <tbody>
        ${list.map(
          ({ name, revealed, ledger, agrees }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${shown(revealed)}</td>
              <td class="number">${shown(ledger)}</td>
              <td>${agrees ? '✓' : html`<span class="sign is-error">✕ differs</span>`}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`
}
