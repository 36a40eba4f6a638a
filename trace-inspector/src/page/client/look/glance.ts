import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { actorOf, flag, has, nameOf } from '../../model/columns.ts'
import { count, ms, percent } from '../../model/format.ts'
import { marked, path, select, showMarks } from '../state/look.ts'
import { trace, type TraceModel } from '../state/trace.ts'

/** What to look at first, while no span is selected. */
export function Glance(): VNode {
  const model = trace.value as TraceModel
  return html`<aside class="details glance" aria-label="At a glance">
    ${showMarks.value && pointers(model, '◆ The finding points at', [...marked.value])}
    ${pointers(model, '◌ Lost', withFlag(model, flag.lost))}
    ${pointers(model, '≠ Altered', withFlag(model, flag.altered))} ${waits(model)}
    <p class="dim">Select a span to see all of it: click, or walk with the arrow keys.</p>
  </aside>`
}

const withFlag = ({ columns }: TraceModel, bit: number) =>
  columns.id.flatMap((_, span) => (has(columns, span, bit) ? [span] : []))
const mostPointers = 6

function pointers({ columns }: TraceModel, title: string, spans: readonly number[]): VNode | null {
  if (spans.length === 0) return null
  return html`<section>
    <h2>${title}</h2>
    <ul>
      ${spans.slice(0, mostPointers).map(
        (span) =>
          html`<li class="pointer">
            <button type="button" class="link" onClick=${() => select(span)}>${nameOf(columns, span)}</button>
            <span class="dim">${actorOf(columns, span)}</span>
            <span class="number">${ms(columns.duration[span] as number)}</span>
          </li>`,
      )}
      ${spans.length > mostPointers && html`<li class="dim">and ${count(spans.length - mostPointers, 'more', 'more')}: N walks them</li>`}
    </ul>
  </section>`
}

const mostWaits = 7

/** The critical path by name: what the run waited for. */
function waits({ columns }: TraceModel): VNode | null {
  const byName = new Map<string, number>()
  let total = 0
  for (const [span, exclusive] of path.value) {
    const name = nameOf(columns, span)
    byName.set(name, (byName.get(name) ?? 0) + exclusive)
    total += exclusive
  }
  if (total <= 0) return null
  const most = [...byName].sort((a, b) => b[1] - a[1]).slice(0, mostWaits)
  return html`<section>
    <h2>The run waited for</h2>
    <ul class="shares">
      ${most.map(
        ([name, exclusive]) =>
          html`<li>
            <span class="share-name">${name}</span
            ><span class="number">${ms(exclusive)} <span class="dim">${percent(exclusive / total)}</span></span>
            <i class="share" style=${{ width: `${(exclusive / total) * 100}%` }}></i>
          </li>`,
      )}
    </ul>
  </section>`
}
