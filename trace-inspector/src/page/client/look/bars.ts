import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { endOf, flag, has } from '../../model/columns.ts'
import { densityOf, type Fold } from '../../model/fold.ts'
import { count } from 'findings/format'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'

const share = (value: number) => `${(value * 100).toFixed(3)}%`
/** Beyond the edges nothing is drawn: browsers do not like elements millions of pixels wide. */
const clip = (value: number) => Math.max(-0.01, Math.min(1.01, value))

/** A bar, its duration beside it, and its events on it. */
export function spanBar(look: Look, { columns }: TraceModel, span: number): VNode[] {
  const from = clip(look.across(columns.start[span] as number))
  const to = clip(look.across(endOf(columns, span)))
  const words = wordsOf(look, columns, span)
  const classes = [
    'bar',
    `hue-${(columns.service[span] as number) % 6}`,
    ...words.map((word) => `is-${word}`),
    ...(look.showPath.value && look.path.value.has(span) ? ['is-critical'] : []),
  ]
  const isKnown = !has(columns, span, flag.no_start | flag.not_ended)
  const duration = isKnown ? look.inUnit.value(columns.duration[span] as number) : ''
  const text = `${has(columns, span, flag.idle) ? 'idle · ' : ''}${duration}`
  return [
    html`<span class=${classes.join(' ')} style=${{ left: share(from), width: share(Math.max(0, to - from)) }}></span>`,
    label(
      look,
      from,
      to,
      [text],
      words
        .filter((word) => word !== 'idle')
        .map((word) => signs[word])
        .join(' '),
      has(columns, span, flag.idle | flag.lost),
    ),
  ]
}

/** A sign and words for what is said of a span; what is idle has its own look, and its word in front of the time. */
const signs = {
  error: '✕ error',
  idle: '',
  lost: '◌ lost',
  away: '○ not here',
  altered: '≠ altered',
  unexpected: '? unexpected',
  orphaned: '⌥ parent not here',
  stitched: '✂ stitched',
  no_start: '? start not known',
  not_ended: '… not ended',
  ended_before_start: '⇤ ended before it began',
}

/** The same without its sign. */
export const textOf = (word: keyof typeof signs) => signs[word].slice(2) || word

/** What is to be said of a span, in words that are its bar's classes too. */
export function wordsOf(look: Look, columns: TraceModel['columns'], span: number): (keyof typeof signs)[] {
  return (Object.keys(flag) as (keyof typeof flag)[])
    .filter((word) => has(columns, span, flag[word]))
    .map((word) => (word === 'lost' && look.trace.isExcused.value ? 'away' : word))
}

/** Of a letter, px: a little more than it takes in what has an m in it, as most times do. */
const letterWidth = 7.6
const padding = 16

/** The share of the width that a text takes. */
export const shareOf = (look: Look, text: string) => (text.length * letterWidth + padding) / look.timeWidth.value

/** Where a text has room beside a bar: behind it, before it, or on it where neither has. */
export function placeBeside(look: Look, from: number, to: number, text: string): 'after' | 'before' | 'on' {
  const share = shareOf(look, text)
  return 1 - to >= share ? 'after' : from >= share ? 'before' : 'on'
}

/** The first of some texts, the longest first, that has room beside a bar; on a hollow one, or where the bar is shorter than it, in a box. */
function label(look: Look, from: number, to: number, texts: readonly string[], sign = '', isHollow = false): VNode {
  const left = Math.max(0, from)
  const right = Math.min(1, to)
  const withSign = (text: string) => `${text}  ${sign}`.trim()
  // The first that has room beside the bar, or the shortest.
  const text = texts.find((each) => placeBeside(look, left, right, withSign(each)) !== 'on') ?? (texts.at(-1) as string)
  const whole = withSign(text)
  const place = placeBeside(look, left, right, whole)
  const isBoxed = place === 'on' && (isHollow || right - left < shareOf(look, whole))
  const style =
    place === 'after'
      ? { left: share(Math.max(0, right)) }
      : {
          right: share(
            place === 'before' ? 1 - Math.min(1, left) : Math.max(0, 1 - Math.max(right, shareOf(look, whole))),
          ),
        }
  return html`<span class=${`bar-text ${place} ${isBoxed ? 'is-boxed' : ''}`} style=${style}
    >${text}${sign && html`<b class="sign">${sign}</b>`}</span
  >`
}

const buckets = 120

/** Many equals at once: how many are under way at each time, and how they spread. */
export function foldBar(look: Look, { columns }: TraceModel, fold: Fold): VNode[] {
  const first = fold.members[0] as number
  const start = columns.start[first] as number
  const end = fold.members.reduce((last, span) => Math.max(last, endOf(columns, span)), start)
  const from = clip(look.across(start))
  const to = clip(look.across(end))
  const density = densityOf(columns, fold, start, end, buckets)
  const peak = density.reduce((most, value) => Math.max(most, value), 0) || 1
  const top = Array.from(density, (value, at) => `L${at} ${(1 - value / peak).toFixed(3)}H${at + 1}`).join('')
  const errors = fold.members.filter((span) => has(columns, span, flag.error)).length
  const median = `median ${look.inUnit.value(fold.medianMs)}`
  return [
    html`<svg
      class=${`fold-shape hue-${(columns.service[first] as number) % 6}`}
      style=${{ left: share(from), width: share(Math.max(0, to - from)) }}
      viewBox=${`0 0 ${buckets} 1`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d=${`M0 1${top}V1Z`} />
    </svg>`,
    label(
      look,
      from,
      to,
      [`${median} · longest ${look.inUnit.value(fold.longestMs)}`, median],
      errors > 0 ? `✕ ${count(errors, 'error')}` : '',
      true,
    ),
  ]
}

/** What a screen reader is told of a span's time. */
export function timeText(look: Look, { columns }: TraceModel, span: number): string {
  const said = wordsOf(look, columns, span).map((word) => `, ${textOf(word)}`)
  const isMarked = look.marked.value.has(span) ? ', the finding points here' : ''
  const isCritical = look.path.value.has(span) ? ', on the critical path' : ''
  return `at ${look.inUnit.value(columns.start[span] as number)}, took ${look.inUnit.value(columns.duration[span] as number)}${said.join('')}${isMarked}${isCritical}`
}

export const foldText = (look: Look, fold: Fold) =>
  `${count(fold.members.length, 'span')}, median ${look.inUnit.value(fold.medianMs)}, longest ${look.inUnit.value(fold.longestMs)}`
