import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { durations, tick } from 'findings/format'
import { ticks } from '../../model/scale.ts'
import type { Look } from '../state/look.ts'
import { agentById } from './spans.ts'

interface Value {
  id: string
  ms: number
  isMarked: boolean
}

const width = 560
const height = 132
const bottom = 108
/** So many dots are drawn; of more, every so-manieth, and all that are marked. */
const mostDots = 1500

/** One dot for each value; the lines are what a table would say of them. */
export function Strip({
  look,
  title,
  values,
  lines,
}: {
  look: Look
  title: string
  values: Value[]
  lines: { name: string; ms: number }[]
}): VNode {
  const most = values.reduce((longest, value) => Math.max(longest, value.ms), 0) * 1.04 || 1
  const shown = durations(most)
  const x = (value: number) => 8 + (value / most) * (width - 16)
  const nth = Math.ceil(values.length / mostDots)
  const dots = values.filter(({ isMarked }, index) => isMarked || index % nth === 0)
  const times = ticks(0, most, 5)
  const step = (times[1] ?? 1) - (times[0] ?? 0)
  // A fixed scatter, so that equal values can be told apart.
  const y = (index: number) => 46 + ((index * 37) % 52)
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <svg
      viewBox=${`0 0 ${width} ${height}`}
      role="img"
      aria-label=${`${title}. ${lines.map(({ name, ms: value }) => `${name} ${shown(value)}`).join(', ')}`}
    >
      <line class="axis-line" x1="8" x2=${width - 8} y1=${bottom} y2=${bottom} />
      ${times.map((time) => html`<text class="axis-text" x=${x(time)} y=${bottom + 16} text-anchor=${time === 0 ? 'start' : 'middle'}>${tick(time, step, most)}</text>`)}
      ${dots.map(({ ms: value, isMarked }, index) => html`<circle class=${isMarked ? 'dot-marked' : 'dot-plain'} cx=${x(value)} cy=${y(index)} r=${isMarked ? 5 : 2.6} />`)}
      ${lines.map(
        ({ name, ms: value }, index) =>
          html`<line class="stat-line" x1=${x(value)} x2=${x(value)} y1=${14 + index * 12} y2=${bottom} />
            <text
              class="stat-text"
              x=${x(value) + (x(value) > width - 90 ? -4 : 4)}
              y=${18 + index * 12}
              text-anchor=${x(value) > width - 90 ? 'end' : 'start'}
              >${name} ${shown(value)}</text
            >`,
      )}
    </svg>
    <details>
      <summary>As a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">Slowest</th>
            <th scope="col" class="number">Took</th>
          </tr>
        </thead>
        <tbody>
          ${[...values]
            .sort((a, b) => b.ms - a.ms)
            .slice(0, 10)
            .map(
              ({ id, ms: value, isMarked }) =>
                html`<tr>
                  <th scope="row">${isMarked ? '◆ ' : ''}${agentById(look, id)}</th>
                  <td class="number">${shown(value)}</td>
                </tr>`,
            )}
        </tbody>
      </table>
    </details>
  </figure>`
}
