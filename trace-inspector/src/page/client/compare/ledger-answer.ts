import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { type Figure, figuresOf } from '../../model/agreement.ts'
import { count } from 'findings/format'
import type { Look } from '../state/look.ts'
import type { Revelation } from '../state/trace.ts'
import { h } from '../h.ts'
import { Planted, PlantedBadge } from './planted.ts'

/** What was planted in the run, and whether the trace told it. */
export function LedgerAnswer({ look, revealed }: { look: Look; revealed: Revelation }): VNode {
  const run = look.trace.runs.value[0]
  const planted = look.trace.planted.value
  const key = run?.key
  return html`<div class="ledger">
    <h3>What was planted</h3>
    ${
      planted && planted !== 'pending' && key && key !== 'pending'
        ? h(Planted, { look, compared: planted, runKey: key, taken: takenBy(run.finding?.kind) })
        : planted === 'pending'
          ? html`<p>${h(PlantedBadge, { planted })}</p>`
          : html`<p class="dim">${look.trace.ledgerProblem.value || 'Nobody tells what was planted in this run.'}</p>`
    }
    ${run?.finding && revealed.observed && figures(figuresOf(revealed.observed, run.finding.observed))}
  </div>`
}

/** What costs are told of: where calls come when they come, a run is not over any sooner without a fault. */
const takenBy = (kind: string | undefined) => (kind === 'overload' ? 'the calls took together' : 'the run took')

function figures(list: readonly Figure[]): VNode | null {
  if (list.length === 0) return null
  const shown = (value: Figure['ledger']) =>
    typeof value === 'number' ? String(Math.round(value * 100) / 100) : (value ?? '–')
  return html`<details>
    <summary>${count(list.length, 'figure')}, by the trace and by the run itself</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">Figure</th>
          <th scope="col" class="number">Trace</th>
          <th scope="col" class="number">Run</th>
        </tr>
      </thead>
      <tbody>
        ${list.map(
          ({ name, revealed, ledger, agrees }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${shown(revealed)}</td>
              <td class="number">${agrees ? shown(ledger) : html`<b>${shown(ledger)}</b>`}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`
}
