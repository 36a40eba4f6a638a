import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { endOf } from '../../model/columns.ts'
import { placeBeside, shareOf } from './bars.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'

const words = new Map([
  ['first_token', 'first token'],
  ['last_token', 'last token'],
  ['background_started', 'background on'],
  ['background_ended', 'background off'],
])

/** Events on a span's bar: a tick each; those that tell a stream's story are named. */
export function eventMarks(look: Look, { columns }: TraceModel, span: number): VNode[] {
  const own = look.eventsOf.value.get(span)
  if (!own) return []
  const ticks: Record<'stall' | 'other', string[]> = { stall: [], other: [] }
  const named: VNode[] = []
  const lastEnd = roomOnBar(look, columns, span)
  for (const index of own) {
    const at = look.across(columns.events.at[index] as number)
    if (at < 0 || at > 1) continue
    const name = columns.names[columns.events.name[index] as number] as string
    const word = words.get(name)
    if (word) {
      const left = `${(at * 100).toFixed(3)}%`
      named.push(html`<i class=${`mark mark-${name}`} style=${{ left }} title=${word}></i>`)
      // What would run into the next word, or into the duration at the end, is left to the tooltip.
      if (at + shareOf(look, word) < Math.min(lastEnd, nextNamed(look, columns, own, index)))
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
function roomOnBar(look: Look, columns: TraceModel['columns'], span: number): number {
  const from = Math.max(0, look.across(columns.start[span] as number))
  const to = Math.min(1, look.across(endOf(columns, span)))
  const duration = look.inUnit.value(columns.duration[span] as number)
  return placeBeside(look, from, to, duration) === 'on' ? to - shareOf(look, duration) : to
}

/** Where the next named event of the span is. */
function nextNamed(
  look: Look,
  { events, names }: TraceModel['columns'],
  own: readonly number[],
  index: number,
): number {
  const next = own.find((each) => each > index && words.has(names[events.name[each] as number] as string))
  return next === undefined ? Infinity : look.across(events.at[next] as number)
}
