import { signal } from '@preact/signals'
import { pressIdle, showLinks, showPath, unselect } from '../state/look.ts'
import { query } from '../state/search.ts'
import { fit, inward, next, outward, page, panBy, showAll, step, toEnd, zoomBy } from './walk.ts'

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

const actions: Readonly<Record<string, () => void>> = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  ArrowRight: inward,
  ArrowLeft: outward,
  PageDown: () => step(page()),
  PageUp: () => step(-page()),
  Home: () => toEnd(false),
  End: () => toEnd(true),
  w: () => zoomBy(0.7),
  s: () => zoomBy(1 / 0.7),
  a: () => panBy(-0.25),
  d: () => panBy(0.25),
  f: fit,
  0: showAll,
  n: () => next(1),
  p: () => next(-1),
  c: () => (showPath.value = !showPath.value),
  l: () => (showLinks.value = !showLinks.value),
  i: () => (pressIdle.value = !pressIdle.value),
  Escape: () => (query.value ? (query.value = '') : unselect()),
}

/** Keys within the rows. */
export function onRowKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  if (!action) return
  event.preventDefault()
  action()
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
