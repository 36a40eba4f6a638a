import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { nameOf, shortAgentOf } from '../../model/columns.ts'
import type { Fold } from '../../model/fold.ts'
import { foldOfRow } from '../../model/rows.ts'
import { childrenOf } from '../../model/tree.ts'
import { cursor, folds, marked, moveTo, opened, path, rowHeight, showPath } from '../state/look.ts'
import { matching, query } from '../state/search.ts'
import type { TraceModel } from '../state/trace.ts'
import { foldBar, foldText, spanBar, timeText } from './bars.ts'
import { eventMarks } from './marks.ts'
import { toggle } from './walk.ts'

/** Rows that scroll out of sight give their elements to those that scroll in; more than can be seen at once. */
const slots = 256
/** Deeper rows are not indented any further: their depth is printed. */
const deepestIndent = 10
/** Where the finding points at more, their signs are enough. */
const mostOutlined = 24

/** One row of the treegrid: a span, or a fold. */
export function row(model: TraceModel, code: number, place: number, level: number): VNode {
  const isFold = code < 0
  const fold = folds.value.folds[foldOfRow(code)]
  const below = isFold ? 1 : childrenOf(model.tree, code).length
  const isOpen = isFold ? opened.value.unfolded.has(foldOfRow(code)) : !opened.value.closed.has(code)
  const isDim = query.value !== '' && (isFold || !matching.value.has(code))
  const classes = [
    'row',
    ...(cursor.value === code ? ['is-selected'] : []),
    ...(isFold ? ['is-fold'] : []),
    ...(isDim ? ['is-dim'] : []),
    ...(!isFold && marked.value.has(code)
      ? [marked.value.size <= mostOutlined ? 'is-marked is-outlined' : 'is-marked']
      : []),
    ...(!isFold && showPath.value && path.value.has(code) ? ['on-path'] : []),
  ]
  return html`<div
    key=${place % slots}
    id=${rowId(code)}
    role="row"
    class=${classes.join(' ')}
    aria-level=${level + 1}
    aria-rowindex=${place + 1}
    aria-selected=${cursor.value === code}
    aria-expanded=${below > 0 ? isOpen : undefined}
    style=${{ top: `${place * rowHeight.value}px` }}
    onClick=${() => moveTo(code)}
    onDblClick=${() => toggle(code)}
  >
    <span role="gridcell" class="cell-name">
      <span class="indent" style=${{ width: `${Math.min(level, deepestIndent) * 12}px` }}>
        ${level > deepestIndent && html`<span class="depth">${level}</span>`}
      </span>
      ${
        below > 0
          ? html`<span
              class="twisty"
              aria-hidden="true"
              onClick=${(event: Event) => (event.stopPropagation(), toggle(code))}
              >${isOpen ? '▾' : '▸'}</span
            >`
          : html`<span class="twisty"></span>`
      }
      ${fold ? foldName(model, fold) : spanName(model, code, isOpen)}
    </span>
    <span role="gridcell" class="cell-time">
      <span class="sr">${fold ? foldText(fold) : timeText(model, code)}</span>
      <span aria-hidden="true"
        >${fold ? foldBar(model, fold) : [...spanBar(model, code), ...eventMarks(model, code)]}</span
      >
    </span>
  </div>`
}

export const rowId = (code: number) => (code < 0 ? `fold${-1 - code}` : `span${code}`)

function spanName({ columns, tree }: TraceModel, span: number, isOpen: boolean): VNode {
  const agent = shortAgentOf(columns, span)
  const isAgent = nameOf(columns, span).startsWith('invoke_agent')
  const hidden = isOpen ? 0 : (tree.below[span] as number)
  return html`<span class="name">
    ${marked.value.has(span) && html`<b class="diamond" title="The finding points here">◆</b>`}
    <i class=${`dot hue-${(columns.service[span] as number) % 6}`}></i>${nameOf(columns, span)}
    ${isAgent && agent && html`<span class="agent">${agent}</span>`}
    ${hidden > 0 && html`<span class="hidden">${hidden} below</span>`}
  </span>`
}

function foldName({ columns }: TraceModel, fold: Fold): VNode {
  const first = fold.members[0] as number
  return html`<span class="name">
    <i class=${`dot hue-${(columns.service[first] as number) % 6}`}></i><b class="times">${fold.members.length} ×</b>
    ${columns.names[fold.name]}
  </span>`
}
