import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { computed } from '@preact/signals'
import { endOf } from '../../model/columns.ts'
import { across, inUnit } from '../state/look.ts'
import { trace, type TraceModel } from '../state/trace.ts'
import { placeBeside, shareOf } from './bars.ts'

/** Places of the events of each span that has some. */
const eventsOf = computed(() => {
  const found = new Map<number, number[]>()
  trace.value?.columns.events.span.forEach((span, index) => {
    const own = found.get(span)
    if (own) own.push(index)
    else found.set(span, [index])
  })
  return found
})

const words = new Map([
  ['first_token', 'first token'],
  ['last_token', 'last token'],
  ['background_started', 'background on'],
  ['background_ended', 'background off'],
])

/** Events on a span's bar: a tick each; those that tell a stream's story are named. */
export function eventMarks({ columns }: TraceModel, span: number): VNode[] {
  const own = eventsOf.value.get(span)
  if (!own) return []
  const ticks: Record<'stall' | 'other', string[]> = { stall: [], other: [] }
  const named: VNode[] = []
  const lastEnd = roomOnBar(columns, span)
  for (const index of own) {
    const at = across(columns.events.at[index] as number)
    if (at < 0 || at > 1) continue
    const name = columns.names[columns.events.name[index] as number] as string
    const word = words.get(name)
    if (word) {
      const left = `${(at * 100).toFixed(3)}%`
      named.push(html`<i class=${`mark mark-${name}`} style=${{ left }} title=${word}></i>`)
      // What would run into the next word, or into the duration at the end, is left to the tooltip.
      if (at + shareOf(word) < Math.min(lastEnd, nextNamed(columns, own, index)))
        named.push(html`<span class="mark-text" style=${{ left }}>${word}</span>`)
    } else ticks[name === 'stall' ? 'stall' : 'other'].push(`M${(at * 1000).toFixed(1)} 0V10`)
  }
  const drawn = (['stall', 'other'] as const).filter((kind) => ticks[kind].length > 0)
  return [
    ...drawn.map(
      (kind) =>
        html`<svg class=${`ticks ticks-${kind}`} viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
          <path d=${ticks[kind].join('')} />
        </svg>`,
    ),
    ...named,
  ]
}

/** Where the room for words ends: at the bar's end, or at the duration that stands there. */
function roomOnBar(columns: TraceModel['columns'], span: number): number {
  const from = Math.max(0, across(columns.start[span] as number))
  const to = Math.min(1, across(endOf(columns, span)))
  const duration = inUnit.value(columns.duration[span] as number)
  return placeBeside(from, to, duration) === 'on' ? to - shareOf(duration) : to
}

/** Where the next named event of the span is. */
function nextNamed({ events, names }: TraceModel['columns'], own: readonly number[], index: number): number {
  const next = own.find((each) => each > index && words.has(names[events.name[each] as number] as string))
  return next === undefined ? Infinity : across(events.at[next] as number)
}
