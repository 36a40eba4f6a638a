import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { TimelineFigures } from 'findings/chart'
import { ms, tick, whole } from 'findings/format'
import { ticks } from '../../model/scale.ts'

const width = 560
const height = 200
const edge = { left: 44, right: 12, top: 22, bottom: 28 }

/** Tokens over time, with the background work behind them. */
export function Tokens({ observed }: { observed: TimelineFigures }): VNode {
  const { ttft_ms, tokens, stalls, background, rate_with_background: busy, rate_without_background: free } = observed
  const first = ttft_ms ?? 0
  const from = Math.max(first, background.started_ms ?? 0)
  const to = Math.max(from, background.ended_ms ?? from)
  const busyTokens = ((busy ?? 0) * (to - from)) / 1000
  const restMs = free ? ((tokens - busyTokens) / free) * 1000 : 0
  const end = Math.max(to + restMs, background.ended_ms ?? 0) || 1
  const x = (time: number) => edge.left + (time / end) * (width - edge.left - edge.right)
  const y = (number: number) => height - edge.bottom - (number / (tokens || 1)) * (height - edge.top - edge.bottom)
  const times = ticks(0, end, 6)
  const step = (times[1] ?? 1) - (times[0] ?? 0)
  const rates: [string, string][] = [
    ['first token', ttft_ms === null ? 'none' : ms(ttft_ms)],
    ['beside background work', busy === null ? '–' : `${busy.toFixed(1)} tokens/s`],
    ['without it', free === null ? '–' : `${free.toFixed(1)} tokens/s`],
    ['stalls', whole(stalls.length)],
    ['background calls', `${whole(background.calls)}, ${whole(background.failures)} failed`],
  ]
  return html`<figure class="chart">
    <figcaption>Tokens over time</figcaption>
    <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${rates.map((pair) => pair.join(' ')).join(', ')}>
      ${
        background.ended_ms !== null &&
        html`<rect
            class="background-band"
            x=${x(background.started_ms ?? 0)}
            y=${edge.top}
            width=${Math.max(1, x(background.ended_ms) - x(background.started_ms ?? 0))}
            height=${height - edge.top - edge.bottom}
          />
          <text class="axis-text" x=${x(background.started_ms ?? 0) + 4} y=${edge.top - 7}>background work</text>`
      }
      <path class="axis-line" d=${`M${edge.left} ${edge.top}V${height - edge.bottom}H${width - edge.right}`} />
      ${times.map((time) => html`<text class="axis-text" x=${x(time)} y=${height - 8} text-anchor=${x(time) > width - 40 ? 'end' : 'middle'}>${tick(time, step, end)}</text>`)}
      <text class="axis-text" x=${edge.left - 6} y=${y(tokens) + 4} text-anchor="end">${whole(tokens)}</text>
      <path class="token-line" d=${`M${x(first)} ${y(0)}L${x(to)} ${y(busyTokens)}L${x(end)} ${y(tokens)}`} />
      <circle class="dot-plain" cx=${x(first)} cy=${y(0)} r="4" />
      ${stalls.slice(0, 200).map(({ at_ms, tokens: so_far }) => html`<circle class="dot-marked" cx=${x(at_ms)} cy=${y(so_far)} r="4" />`)}
    </svg>
    <table>
      <tbody>
        ${rates.map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${value}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </figure>`
}
