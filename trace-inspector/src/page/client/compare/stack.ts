import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { durations, percent } from 'findings/format'
import { fewerParts } from '../../model/parts.ts'
import type { Segment } from '../../model/segments.ts'

/** More than this are drawn without gaps, and those that are alike together. */
const mostParts = 200
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
  marked?: readonly string[]
}): VNode {
  const total = segments.reduce((sum, { ms: each }) => sum + each, 0) || 1
  const byKind = Map.groupBy(segments, ({ kind }) => kind)
  const isMarked = new Set(marked)
  const inUnit = durations(total)
  const parts = fewerParts(
    segments.map(({ id, kind, name, ms: each }) => ({ kind, ms: each, isMarked: isMarked.has(id), text: name })),
    mostParts,
  )
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <div
      class=${`stack ${segments.length > mostParts ? 'is-dense' : ''}`}
      role="img"
      aria-label=${`${title}: ${[...byKind].map(([kind, list]) => `${kind} ${inUnit(sum(list))}`).join(', ')}`}
    >
      ${parts.map(
        ({ kind, ms: each, isMarked: isIt, text }) =>
          html`<i
            class=${`part part-${kind} ${isIt ? 'is-outlined' : ''}`}
            style=${{ flexGrow: each / total }}
            title=${`${text}, ${inUnit(each)}`}
          ></i>`,
      )}
    </div>
    <ul class="legend">
      ${[...byKind].map(
        ([kind, list]) =>
          html`<li>
            <i class=${`swatch part-${kind}`}></i>${kind} <b>${inUnit(sum(list))}</b>
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
                  <td class="number">${inUnit(each)}</td>
                </tr>`,
            )}
        </tbody>
      </table>
    </details>
  </figure>`
}

const sum = (list: readonly Segment[]) => list.reduce((total, { ms: each }) => total + each, 0)
