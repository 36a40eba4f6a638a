import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { count } from 'findings/format'
import { Details } from '../look/details.ts'
import { Toolbar } from '../look/toolbar.ts'
import { Waterfall } from '../look/waterfall.ts'
import type { Look } from '../state/look.ts'
import { h } from '../h.ts'

/** The waterfall, and the span that is selected in it. */
export function LookView({ look }: { look: Look }): VNode {
  const { pending, isWaiting } = look.trace
  return html`<div class="look">
    ${h(Toolbar, { look })}
    ${
      pending.value > 0 &&
      html`<button type="button" class="pending" onClick=${() => void look.trace.refresh()}>
        ${count(pending.value, 'more span')}, show
      </button>`
    }
    ${isWaiting.value && html`<span class="sr" role="status">More spans may come</span>`}
    <div class="look-body">${h(Waterfall, { look, label: 'Waterfall' })}${h(Details, { look })}</div>
  </div>`
}
