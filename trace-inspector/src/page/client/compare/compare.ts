import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { answersFor, type Observation } from 'findings/kinds'
import { workflowOf } from '../../model/critical.ts'
import { durations, percent, whole } from 'findings/format'
import { anyScenario } from '../state/agents.ts'
import { Chart } from './chart.ts'
import { LedgerAnswer } from './ledger-answer.ts'
import type { Look } from '../state/look.ts'
import type { Revelation } from '../state/trace.ts'
import { h } from '../h.ts'
import { UsageTable } from './usage.ts'

/** What averages show of these spans beside what the trace reveals, and whether the ledger agrees. */
export function Compare({ look }: { look: Look }): VNode {
  const revealed = look.trace.revelation.value
  if (!revealed)
    return html`<p class="waiting" role="status"><i class="spinner" aria-hidden="true"></i> Reading the trace</p>`
  return html`<div class="compare">
    ${h(Questions, { look, revealed })}
    <section class="card" aria-labelledby="aggregate-title">
      <h2 id="aggregate-title">What averages show</h2>
      <p class="dim">Durations by span name, as an APM's table has them.</p>
      ${aggregateTable(revealed)}
    </section>
    <section class="card" aria-labelledby="reveals-title">
      <h2 id="reveals-title">What the trace shows of it</h2>
      ${revealed.observed === null && html`<p class="dim">${revealed.text}.</p>`}
      ${revealed.observed && h(Chart, { look, observation: revealed as Observation })}
      ${h(LedgerAnswer, { look, revealed })}
    </section>
    ${h(UsageTable, { look, usage: revealed.usage })}
  </div>`
}

function Questions({ look, revealed }: { look: Look; revealed: Revelation }): VNode | null {
  const model = look.trace.model.value
  if (!model || !revealed.observed) return null
  const root = workflowOf(model.columns, model.tree)
  const total = root === undefined ? 0 : (model.columns.duration[root] as number)
  const { symptom, missed } = answersFor(revealed as Observation, { totalMs: total, table: revealed.aggregate })
  const scenario = anyScenario(look.trace.runs.value[0]?.scenario ?? '')
  const cards: [string, string | undefined, string][] = [
    ['The symptom', scenario?.symptom, symptom],
    ['Why averages miss it', scenario?.missed, missed],
    ['What the trace reveals', scenario?.reveals, `${revealed.text}.`],
  ]
  return html`<section class="questions" aria-label="Three questions">
    ${cards.map(
      ([title, general, here]) =>
        html`<div class="question">
          <h2>${title}</h2>
          <p>${here}</p>
          ${general && html`<p class="dim">${general}.</p>`}
        </div>`,
    )}
  </section>`
}

function aggregateTable({ aggregate }: Revelation): VNode {
  const inUnit = durations(aggregate.reduce((most, { p99_ms }) => Math.max(most, p99_ms), 0))
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table by span name">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          ${['Count', 'Errors', 'Mean', 'p50', 'p95', 'p99'].map((title) => html`<th scope="col" class="number">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${aggregate.map(
          (row) =>
            html`<tr>
              <th scope="row">${row.name}</th>
              <td class="number">${whole(row.count)}</td>
              <td class="number">
                ${row.error_rate > 0 ? html`<span class="sign is-error">✕ ${percent(row.error_rate)}</span>` : '0 %'}
              </td>
              ${[row.mean_ms, row.p50_ms, row.p95_ms, row.p99_ms].map((value) => html`<td class="number">${inUnit(value)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
