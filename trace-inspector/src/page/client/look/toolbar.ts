import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { Signal } from '@preact/signals'
import { count } from 'findings/format'
import { showHelp } from './keys.ts'
import { next, panBy, showAll, zoomBy } from './walk.ts'
import type { Look } from '../state/look.ts'

/** Search, zoom and what is to be drawn. */
export function Toolbar({ look }: { look: Look }): VNode | null {
  const model = look.trace.model.value
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
        value=${look.search.query.value}
        onInput=${(event: Event) => (look.search.query.value = (event.target as HTMLInputElement).value)}
        onKeyDown=${(event: KeyboardEvent) => {
          if (event.key === 'Enter') next(look, event.shiftKey ? -1 : 1)
          else if (event.key === 'Escape') (document.querySelector(`#${look.id} .rows`) as HTMLElement | null)?.focus()
        }}
      />
    </label>
    <span class="found" role="status">${look.search.query.value && found(look)}</span>
    <span class="group">
      ${button('+', 'Closer (W)', () => zoomBy(look, 0.6))}
      ${button('−', 'Further away (S)', () => zoomBy(look, 1 / 0.6))}
      ${button('‹', 'Earlier (A)', () => panBy(look, -0.25), !look.view.value)}
      ${button('›', 'Later (D)', () => panBy(look, 0.25), !look.view.value)}
      ${button('All', 'All of the time (0)', () => showAll(look), !look.view.value)}
    </span>
    <span class="group">
      ${look.showMarks.value && choice('Critical path', look.showPath)}
      ${columns.links.from.length > 0 && choice('Links', look.showLinks)}
      ${idle.length > 0 && choice('Shorten idle time', look.pressIdle)}
    </span>
    <span class="seen">
      ${look.view.value && look.timeline.value && `${look.inUnit.value(look.timeline.value.time(look.seen.value.to) - look.timeline.value.time(look.seen.value.from))} seen`}
    </span>
    ${button('?', 'Keys', () => (showHelp.value = true))}
  </div>`
}

const found = ({ search }: Look) =>
  search.problem.value ||
  (search.isSearching.value ? 'searching' : count(search.matches.value.length, 'match', 'matches'))

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
