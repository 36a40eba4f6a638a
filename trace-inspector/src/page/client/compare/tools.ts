import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { AttemptFigures } from 'findings/chart'
import { ms, percent } from 'findings/format'

const mostShown = 6

/** Which tools failed, and the longest sequences of attempts with the back-offs between them. */
export function Tools({ observed }: { observed: AttemptFigures }): VNode {
  const { origin, sequences } = observed
  const longest = [...sequences]
    .filter(({ attempts }) => attempts.length > 1)
    .sort((a, b) => b.attempts.length - a.attempts.length)
    .slice(0, mostShown)
  return html`<figure class="chart">
    <figcaption>Where the failures came from</figcaption>
    <table class="bars">
      <thead>
        <tr>
          <th scope="col">Tool</th>
          <th scope="col"><span class="sr">Chart</span></th>
          <th scope="col" class="number">Failed</th>
          <th scope="col" class="number">Attempts</th>
        </tr>
      </thead>
      <tbody>
        ${origin.tools.map(
          ({ tool, failure_rate, failures, attempts }) =>
            html`<tr>
              <th scope="row">${tool}</th>
              <td class="bar-cell">
                <span class="track"><i class="part part-failed" style=${{ width: `${failure_rate * 100}%` }}></i></span>
              </td>
              <td class="number">${failures} <span class="dim">${percent(failure_rate)}</span></td>
              <td class="number">${attempts}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${longest.length > 0 && html`<figcaption>The longest sequences</figcaption>`}
    <ul class="sequences">
      ${longest.map(
        ({ agent_id, tool, attempts, gave_up }) =>
          html`<li>
            <span>${agent_id} <span class="dim">${tool}</span></span>
            <span class="attempts">
              ${attempts.map(
                ({ status, failed, backoff_ms }) =>
                  html`${backoff_ms !== null && html`<span class="dim"> ⋯ ${ms(backoff_ms)} ⋯ </span>`}<b
                      class=${failed ? 'attempt is-bad' : 'attempt is-good'}
                      >${failed ? '✕' : '✓'} ${status ?? 'no answer'}</b
                    >`,
              )}
              ${gave_up && html`<span class="sign is-error">gave up</span>`}
            </span>
          </li>`,
      )}
    </ul>
  </figure>`
}
