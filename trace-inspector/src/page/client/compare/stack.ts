import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { ms, percent } from '../../model/format.ts'

export interface Segment {
  id: string
  kind: 'thinking' | 'acting' | 'idle' | 'other'
  name: string
  ms: number
  text: string
}

/** More than this are summed up in the table. */
const mostListed = 20

/** Parts one after the other that make up a whole. */
export function Stack({
  title,
  segments,
  marked = [],
}: {
  title: string
  segments: Segment[]
  marked?: string[]
}): VNode {
  const total = segments.reduce((sum, { ms: each }) => sum + each, 0) || 1
  const byKind = Map.groupBy(segments, ({ kind }) => kind)
  const isMarked = new Set(marked)
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <div
      class="stack"
      role="img"
      aria-label=${`${title}: ${[...byKind].map(([kind, list]) => `${kind} ${ms(sum(list))}`).join(', ')}`}
    >
      ${segments.map(
        ({ id, kind, ms: each, text }) =>
          html`<i
            class=${`part part-${kind} ${isMarked.has(id) ? 'is-outlined' : ''}`}
            style=${{ flexGrow: each / total }}
            title=${text}
          ></i>`,
      )}
    </div>
    <ul class="legend">
      ${[...byKind].map(
        ([kind, list]) =>
          html`<li>
            <i class=${`swatch part-${kind}`}></i>${kind} <b>${ms(sum(list))}</b>
            <span class="dim">${percent(sum(list) / total)}, ${list.length} ×</span>
          </li>`,
      )}
    </ul>
    <details>
      <summary>As a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">Longest</th>
            <th scope="col" class="number">Took</th>
          </tr>
        </thead>
        <tbody>
          ${[...segments]
            .sort((a, b) => b.ms - a.ms)
            .slice(0, mostListed)
            .map(
              ({ id, name, ms: each }) =>
                html`<tr>
                  <th scope="row">${isMarked.has(id) ? '◆ ' : ''}${name}</th>
                  <td class="number">${ms(each)}</td>
                </tr>`,
            )}
        </tbody>
      </table>
    </details>
  </figure>`
}

const sum = (list: readonly Segment[]) => list.reduce((total, { ms: each }) => total + each, 0)
