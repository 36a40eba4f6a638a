import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { type Tab, tabs } from '../../model/address.ts'
import { Compare } from '../compare/compare.ts'
import { Without } from '../compare/without.ts'
import { address, note } from '../state/address.ts'
import { LookView } from './look-view.ts'
import { TraceHead } from './trace-head.ts'
import { Verify } from './verify.ts'
import type { Look } from '../state/look.ts'
import { type Component, h } from '../h.ts'

const titles: Record<Tab, string> = { look: 'Look', compare: 'Compare', verify: 'Verify', without: 'Without the fault' }
const views: Record<Tab, Component<{ look: Look }>> = {
  look: LookView,
  compare: Compare,
  verify: Verify,
  without: Without,
}

/** One trace: what is wrong first, then the picture, and what else can be asked of it. */
export function TracePage({ look }: { look: Look }): VNode {
  const { tab } = address.value
  if (look.trace.problem.value) return html`<p class="problem" role="alert">${look.trace.problem.value}</p>`
  return html`<div class="trace-page">
    ${h(TraceHead, { look })}
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
        look.trace.model.value
          ? h(views[tab], { look })
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
