import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { type Tab, tabs } from '../../model/address.ts'
import { count } from '../../model/format.ts'
import { Compare } from '../compare/compare.ts'
import { Details } from '../look/details.ts'
import { Toolbar } from '../look/toolbar.ts'
import { Waterfall } from '../look/waterfall.ts'
import { Without } from '../compare/without.ts'
import { address, note } from '../state/address.ts'
import { isWaiting, pending, refresh, trace, traceProblem } from '../state/trace.ts'
import { TraceHead } from './trace-head.ts'
import { Verify } from './verify.ts'

const titles: Record<Tab, string> = { look: 'Look', compare: 'Compare', verify: 'Verify', without: 'Without the fault' }
const views: Record<Tab, () => VNode | null> = { look: Look, compare: Compare, verify: Verify, without: Without }

/** One trace: what is wrong first, then the picture, and what else can be asked of it. */
export function TracePage(): VNode {
  const { tab } = address.value
  if (traceProblem.value) return html`<p class="problem" role="alert">${traceProblem.value}</p>`
  const View = views[tab]
  return html`<div class="trace-page">
    <${TraceHead} />
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown=${onTabKey}>
      ${tabs.map(
        (each) =>
          html`<button
            type="button"
            role="tab"
            id=${`tab-${each}`}
            aria-selected=${each === tab}
            aria-controls="panel"
            tabindex=${each === tab ? 0 : -1}
            onClick=${() => note({ tab: each })}
          >
            ${titles[each]}
          </button>`,
      )}
    </div>
    <div id="panel" class=${`panel panel-${tab}`} role="tabpanel" aria-labelledby=${`tab-${tab}`}>
      ${
        trace.value
          ? html`<${View} />`
          : html`<p class="waiting" role="status">
              <i class="spinner" aria-hidden="true"></i> Waiting for the spans to arrive
            </p>`
      }
    </div>
  </div>`
}

function onTabKey(event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!by) return
  event.preventDefault()
  const next = tabs[(tabs.indexOf(address.value.tab) + by + tabs.length) % tabs.length] as Tab
  note({ tab: next })
  document.getElementById(`tab-${next}`)?.focus()
}

/** The waterfall, and the span that is selected in it. */
export function Look(): VNode {
  return html`<div class="look">
    <${Toolbar} />
    ${
      pending.value > 0 &&
      html`<button type="button" class="pending" onClick=${() => void refresh(address.value.trace)}>
        ${count(pending.value, 'more span')}, show
      </button>`
    }
    ${isWaiting.value && html`<span class="sr" role="status">More spans may come</span>`}
    <div class="look-body"><${Waterfall} /><${Details} /></div>
  </div>`
}
