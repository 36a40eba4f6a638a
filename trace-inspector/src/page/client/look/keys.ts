import { signal } from '@preact/signals'
import { fit, inward, next, outward, page, panBy, showAll, step, toEnd, zoomBy } from './walk.ts'
import type { Look } from '../state/look.ts'

export const showHelp = signal(false)

/** What each key does, in the order in which they are listed. */
export const keys: readonly { keys: string; does: string }[] = [
  { keys: '↑ ↓', does: 'row by row' },
  { keys: '→ ←', does: 'open and go in, close and go out' },
  { keys: 'PgUp PgDn Home End', does: 'further' },
  { keys: 'W S', does: 'closer, further away in time' },
  { keys: 'A D', does: 'earlier, later' },
  { keys: 'F', does: 'the selected span across the width' },
  { keys: '0', does: 'all of the time' },
  { keys: '/', does: 'search all spans' },
  { keys: 'N P', does: 'next and previous match, or what the finding points at' },
  { keys: 'C L I', does: 'critical path, links, shorten idle time' },
  { keys: 'Esc', does: 'select nothing' },
  { keys: '?', does: 'this list' },
]

/** What can be searched for, beside words. */
export const searches: readonly { typed: string; finds: string }[] = [
  { typed: 'mail worker:7', finds: 'both words, in name, agent, service or id' },
  { typed: '>500ms <2s', finds: 'spans that took between 500 ms and 2 s' },
  { typed: 'status=error', finds: 'spans that failed; also name=, service=, agent=, kind=, event=' },
  { typed: 'gen_ai.tool.name=search', finds: 'spans with this attribute' },
  { typed: 'ati.tool.delay_ms>100', finds: 'also != < > <= >=; with nothing behind the =, any value' },
  { typed: 'is:lost is:altered is:idle', finds: 'what is said of a span' },
]

const actions: Readonly<Record<string, (look: Look) => void>> = {
  ArrowDown: (look) => step(look, 1),
  ArrowUp: (look) => step(look, -1),
  ArrowRight: inward,
  ArrowLeft: outward,
  PageDown: (look) => step(look, page(look)),
  PageUp: (look) => step(look, -page(look)),
  Home: (look) => toEnd(look, false),
  End: (look) => toEnd(look, true),
  w: (look) => zoomBy(look, 0.7),
  s: (look) => zoomBy(look, 1 / 0.7),
  a: (look) => panBy(look, -0.25),
  d: (look) => panBy(look, 0.25),
  f: fit,
  0: showAll,
  n: (look) => next(look, 1),
  p: (look) => next(look, -1),
  c: (look) => (look.showPath.value = !look.showPath.value),
  l: (look) => (look.showLinks.value = !look.showLinks.value),
  i: (look) => (look.pressIdle.value = !look.pressIdle.value),
  Escape: (look) => (look.search.query.value ? (look.search.query.value = '') : look.unselect()),
}

/** Keys within the rows. */
export function onRowKey(look: Look, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (!action) return
  event.preventDefault()
  action(look)
}

/** Keys wherever one is, but in a field. */
export function onPageKey(event: KeyboardEvent): void {
  const isTyping = event.target instanceof Element && event.target.matches('input, select, textarea')
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === '?') showHelp.value = !showHelp.value
  else if (event.key === '/') document.querySelector<HTMLInputElement>('.search')?.focus()
  else return
  event.preventDefault()
}
