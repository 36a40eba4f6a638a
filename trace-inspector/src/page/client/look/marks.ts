import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { computed } from '@preact/signals'
import { across } from '../state/look.ts'
import { trace, type TraceModel } from '../state/trace.ts'

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

/** Shares of the width that a word takes, and where the last may begin. */
const wordWidth = 0.11
const lastNamed = 0.78

const words: Readonly<Record<string, string>> = {
  first_token: 'first token',
  last_token: 'last token',
  background_started: 'background on',
  background_ended: 'background off',
}

/** Events on a span's bar: a tick each; those that tell a stream's story are named. */
export function eventMarks({ columns }: TraceModel, span: number): VNode[] {
  const own = eventsOf.value.get(span)
  if (!own) return []
  const ticks: Record<'stall' | 'other', string[]> = { stall: [], other: [] }
  const named: VNode[] = []
  for (const index of own) {
    const at = across(columns.events.at[index] as number)
    if (at < 0 || at > 1) continue
    const name = columns.names[columns.events.name[index] as number] as string
    const word = words[name]
    if (word) {
      const left = `${(at * 100).toFixed(3)}%`
      named.push(html`<i class=${`mark mark-${name}`} style=${{ left }} title=${word}></i>`)
      // What would run into the next word, or into the duration at the end, is left to the tooltip.
      if (at < lastNamed && isNextFar(columns, own, index, at))
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

/** Whether the next named event of the span leaves room for a word. */
function isNextFar(
  { events, names }: TraceModel['columns'],
  own: readonly number[],
  index: number,
  at: number,
): boolean {
  const next = own.find((each) => each > index && words[names[events.name[each] as number] as string])
  return next === undefined || across(events.at[next] as number) - at > wordWidth
}
