import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { Signal } from '@preact/signals'
import { count } from '../../model/format.ts'
import { inUnit, pressIdle, seen, showLinks, showMarks, showPath, timeline, view } from '../state/look.ts'
import { isSearching, matches, query, searchProblem } from '../state/search.ts'
import { trace } from '../state/trace.ts'
import { showHelp } from './keys.ts'
import { next, panBy, showAll, zoomBy } from './walk.ts'

/** Search, zoom and what is to be drawn. */
export function Toolbar(): VNode | null {
  const model = trace.value
  if (!model) return null
  const { columns, idle } = model
  return html`<div class="toolbar" role="toolbar" aria-label="Waterfall">
    <label class="search-box">
      <span class="sr">Search all spans</span>
      <input
        class="search"
        type="search"
        placeholder="Search all spans   /"
        title="Words of name, agent, service or id; >500ms; status=error; gen_ai.tool.name=search; ? tells more"
        value=${query.value}
        onInput=${(event: Event) => (query.value = (event.target as HTMLInputElement).value)}
        onKeyDown=${(event: KeyboardEvent) => {
          if (event.key === 'Enter') next(event.shiftKey ? -1 : 1)
          else if (event.key === 'Escape') (document.querySelector('.rows') as HTMLElement | null)?.focus()
        }}
      />
    </label>
    <span class="found" role="status">${query.value && found()}</span>
    <span class="group">
      ${button('+', 'Closer (W)', () => zoomBy(0.6))} ${button('−', 'Further away (S)', () => zoomBy(1 / 0.6))}
      ${button('‹', 'Earlier (A)', () => panBy(-0.25), !view.value)}
      ${button('›', 'Later (D)', () => panBy(0.25), !view.value)}
      ${button('All', 'All of the time (0)', showAll, !view.value)}
    </span>
    <span class="group">
      ${showMarks.value && choice('Critical path', showPath)}
      ${columns.links.from.length > 0 && choice('Links', showLinks)}
      ${idle.length > 0 && choice('Shorten idle time', pressIdle)}
    </span>
    <span class="seen">
      ${view.value && timeline.value && `${inUnit.value(timeline.value.time(seen.value.to) - timeline.value.time(seen.value.from))} seen`}
    </span>
    ${button('?', 'Keys', () => (showHelp.value = true))}
  </div>`
}

const found = () =>
  searchProblem.value || (isSearching.value ? 'searching' : count(matches.value.length, 'match', 'matches'))

function button(text: string, title: string, act: () => void, disabled = false): VNode {
  return html`<button type="button" class="tool" title=${title} aria-label=${title} disabled=${disabled} onClick=${act}>
    ${text}
  </button>`
}

function choice(text: string, state: Signal<boolean>): VNode {
  return html`<button
    type="button"
    class="tool"
    aria-pressed=${state.value}
    onClick=${() => (state.value = !state.value)}
  >
    ${text}
  </button>`
}
