import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { LoadFigures } from 'findings/chart'
import { ms, tick, whole } from 'findings/format'
import { ticks } from '../../model/scale.ts'

const width = 560
const height = 200
const edge = { left: 44, right: 12, top: 22, bottom: 28 }

/** Attempts over time, those that were refused among them, with the time in which the tool was overloaded behind them. */
export function Load({ observed }: { observed: LoadFigures }): VNode {
  const { bins, window, recovered_ms, amplification, refused, kept_waiting, gave_up } = observed
  const binMs = (bins[1]?.at_ms ?? 1) - (bins[0]?.at_ms ?? 0)
  const end = (bins.at(-1)?.at_ms ?? 0) + binMs
  const most = bins.reduce((most, { attempts }) => Math.max(most, attempts), 1)
  const x = (time: number) => edge.left + (time / end) * (width - edge.left - edge.right)
  const y = (number: number) => height - edge.bottom - (number / most) * (height - edge.top - edge.bottom)
  const bar = (at: number, from: number, to: number, name: string) =>
    to > from &&
    html`<rect
      class=${name}
      x=${x(at)}
      y=${y(to)}
      width=${Math.max(1, x(binMs) - x(0) - 1)}
      height=${y(from) - y(to)}
    />`
  const times = ticks(0, end, 6)
  const step = (times[1] ?? 1) - (times[0] ?? 0)
  const figures: [string, string][] = [
    ['attempts of each call', amplification.toFixed(2)],
    ['refused', whole(refused)],
    ['kept waiting', whole(kept_waiting)],
    ['overloaded from', window ? ms(window.from_ms) : '–'],
    ['overloaded until', window ? ms(window.to_ms) : '–'],
    ['all answered again', recovered_ms === null ? '–' : ms(recovered_ms)],
    ['calls that gave up', whole(gave_up)],
  ]
  return html`<figure class="chart">
    <figcaption>Attempts over time, and what was refused of them</figcaption>
    <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${figures.map((pair) => pair.join(' ')).join(', ')}>
      ${
        window &&
        html`<rect
            class="background-band"
            x=${x(window.from_ms)}
            y=${edge.top}
            width=${Math.max(1, x(window.to_ms) - x(window.from_ms))}
            height=${height - edge.top - edge.bottom}
          />
          <text class="axis-text" x=${x(window.from_ms) + 4} y=${edge.top - 7}>${observed.tool} is overloaded</text>`
      }
      ${bins.map(({ at_ms, attempts, refused }) => [
        bar(at_ms, 0, refused, 'load-refused'),
        bar(at_ms, refused, attempts, 'load-answered'),
      ])}
      <path class="axis-line" d=${`M${edge.left} ${edge.top}V${height - edge.bottom}H${width - edge.right}`} />
      ${times.map((time) => html`<text class="axis-text" x=${x(time)} y=${height - 8} text-anchor=${x(time) > width - 40 ? 'end' : 'middle'}>${tick(time, step, end)}</text>`)}
      <text class="axis-text" x=${edge.left - 6} y=${y(most) + 4} text-anchor="end">${whole(most)}</text>
    </svg>
    <table>
      <tbody>
        ${figures.map(
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
