import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { BranchFigures } from 'findings/chart'
import { count, durations } from 'findings/format'
import type { Look } from '../state/look.ts'
import { agentById } from './spans.ts'

const mostShown = 10

/** The branches that a join came nearest to waiting for: how long each took, and how much longer it could have. */
export function Branches({ look, observed }: { look: Look; observed: BranchFigures }): VNode {
  const branches = [...observed.branches].sort((a, b) => a.slack_ms - b.slack_ms)
  const shown = branches.slice(0, mostShown)
  const whole = shown.reduce((most, { ms: took, slack_ms }) => Math.max(most, took + slack_ms), 0) || 1
  const inUnit = durations(whole)
  return html`<figure class="chart">
    <figcaption>
      The branches that were nearest to being waited for
      <span class="dim">of ${count(branches.length, 'branch', 'branches')}</span>
    </figcaption>
    <table class="bars">
      <thead>
        <tr>
          <th scope="col">Branch</th>
          <th scope="col"><span class="sr">Chart</span></th>
          <th scope="col" class="number">Took</th>
          <th scope="col" class="number">To spare (slack)</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(({ span_id, agent_id, ms: took, slack_ms }) => {
          const isIt = span_id === observed.bottleneck?.span_id
          return html`<tr>
            <th scope="row">${isIt && html`<b class="diamond">◆</b>`}${agent_id ?? agentById(look, span_id)}</th>
            <td class="bar-cell">
              <span class="track">
                <i
                  class=${`part ${isIt ? 'part-marked' : 'part-acting'}`}
                  style=${{ width: `${(took / whole) * 100}%` }}
                ></i
                ><i class="part part-idle" style=${{ width: `${(slack_ms / whole) * 100}%` }}></i>
              </span>
            </td>
            <td class="number">${inUnit(took)}</td>
            <td class="number">${isIt ? 'none' : inUnit(slack_ms)}</td>
          </tr>`
        })}
      </tbody>
    </table>
  </figure>`
}
