import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { actorOf, flag, has, nameOf } from '../../model/columns.ts'
import { count, percent, whole } from 'findings/format'
import { waitsOf } from '../../model/waits.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'

/** What to look at first, while no span is selected. */
export function Glance({ look, model }: { look: Look; model: TraceModel }): VNode {
  return html`<aside class="details glance" aria-label="At a glance">
    ${look.showMarks.value && pointers(look, model, '◆ The finding points at', [...look.marked.value])}
    ${pointers(look, model, look.trace.isExcused.value ? '○ Not here' : '◌ Lost', withFlag(model, flag.lost))}
    ${pointers(look, model, '≠ Altered', withFlag(model, flag.altered))} ${waits(look, model)}
    <p class="dim">Select a span to see all of it: click, or walk with the arrow keys.</p>
  </aside>`
}

const withFlag = ({ columns }: TraceModel, bit: number) =>
  columns.id.flatMap((_, span) => (has(columns, span, bit) ? [span] : []))
const mostPointers = 6

function pointers(look: Look, { columns }: TraceModel, title: string, spans: readonly number[]): VNode | null {
  if (spans.length === 0) return null
  return html`<section>
    <h2>${title}</h2>
    <ul>
      ${spans.slice(0, mostPointers).map(
        (span) =>
          html`<li class="pointer">
            <button type="button" class="link" onClick=${() => look.select(span)}>${nameOf(columns, span)}</button>
            <span class="dim">${actorOf(columns, span)}</span>
            <span class="number">${look.inUnit.value(columns.duration[span] as number)}</span>
          </li>`,
      )}
      ${spans.length > mostPointers && html`<li class="dim">and ${count(spans.length - mostPointers, 'more', 'more')}: N walks them</li>`}
    </ul>
  </section>`
}

const mostWaits = 7

/** What the run waited for: what lies on its critical path, by name. */
function waits(look: Look, { columns }: TraceModel): VNode | null {
  const all = waitsOf(columns, look.path.value)
  const total = all.reduce((sum, wait) => sum + wait.ms, 0)
  if (total <= 0) return null
  return html`<section>
    <h2>The run waited for</h2>
    <ul class="shares">
      ${all.slice(0, mostWaits).map(
        ({ name, actor, spans, longest, ms: waited }) =>
          html`<li>
            <span class="share-name"
              ><button type="button" class="link" onClick=${() => look.select(longest)}>${name}</button>
              <span class="dim"
                >${[actor, spans > 1 && `${actor && 'and '}${whole(spans - 1)} more`].filter(Boolean).join(' ')}</span
              ></span
            ><span class="number"
              >${look.inUnit.value(waited)} <span class="dim">${percent(waited / total)}</span></span
            >
            <i class="share" style=${{ width: `${(waited / total) * 100}%` }}></i>
          </li>`,
      )}
    </ul>
  </section>`
}
