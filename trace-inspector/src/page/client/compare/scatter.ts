import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { ScatterFigures } from 'findings/chart'
import { bytes, durations } from 'findings/format'

const width = 560
const height = 220
const edge = { left: 56, right: 12, top: 10, bottom: 30 }

/** Time over size, and the line that fits best. */
export function Scatter({ observed }: { observed: ScatterFigures }): VNode {
  const { chunks, ms_per_kb: slope, r, span_ids } = observed
  const mostBytes = chunks.reduce((most, chunk) => Math.max(most, chunk.bytes), 0) * 1.05 || 1
  const mostMs = chunks.reduce((most, chunk) => Math.max(most, chunk.ms), 0) * 1.1 || 1
  const inUnit = durations(mostMs)
  const x = (size: number) => edge.left + (size / mostBytes) * (width - edge.left - edge.right)
  const y = (time: number) => height - edge.bottom - (time / mostMs) * (height - edge.top - edge.bottom)
  const meanX = chunks.reduce((sum, chunk) => sum + chunk.bytes / 1024, 0) / (chunks.length || 1)
  const meanY = chunks.reduce((sum, chunk) => sum + chunk.ms, 0) / (chunks.length || 1)
  const fit = (size: number) => meanY + (slope ?? 0) * (size / 1024 - meanX)
  const says = slope === null ? 'no fit' : `${slope.toFixed(1)} ms per KB${r === null ? '' : `, r = ${r.toFixed(2)}`}`
  return html`<figure class="chart">
    <figcaption>Time over size <span class="dim">${says}</span></figcaption>
    <svg
      viewBox=${`0 0 ${width} ${height}`}
      role="img"
      aria-label=${`Time over size of ${chunks.length} chunks: ${says}`}
    >
      <path class="axis-line" d=${`M${edge.left} ${edge.top}V${height - edge.bottom}H${width - edge.right}`} />
      ${[0.25, 0.5, 0.75].map(
        (share) =>
          html`<text class="axis-text" x=${x(mostBytes * share)} y=${height - 10} text-anchor="middle"
              >${bytes(Math.round(mostBytes * share))}</text
            >
            <text class="axis-text" x=${edge.left - 6} y=${y(mostMs * share) + 4} text-anchor="end"
              >${inUnit(mostMs * share)}</text
            >`,
      )}
      ${slope !== null && html`<line class="stat-line" x1=${x(0)} y1=${y(Math.max(0, fit(0)))} x2=${x(mostBytes)} y2=${y(fit(mostBytes))} />`}
      ${chunks.map(
        (chunk) =>
          html`<circle
            class=${span_ids.includes(chunk.span_id) ? 'dot-marked' : 'dot-plain'}
            cx=${x(chunk.bytes)}
            cy=${y(chunk.ms)}
            r=${span_ids.includes(chunk.span_id) ? 6 : 4}
          />`,
      )}
    </svg>
    <details>
      <summary>As a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">Size</th>
            <th scope="col" class="number">Took</th>
          </tr>
        </thead>
        <tbody>
          ${[...chunks]
            .sort((a, b) => b.ms - a.ms)
            .slice(0, 20)
            .map(
              (chunk) =>
                html`<tr>
                  <td class="number">${bytes(chunk.bytes)}</td>
                  <td class="number">${inUnit(chunk.ms)}</td>
                </tr>`,
            )}
        </tbody>
      </table>
    </details>
  </figure>`
}
