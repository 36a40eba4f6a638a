import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { nameOf, shortAgentOf } from '../../model/columns.ts'
import type { Fold } from '../../model/fold.ts'
import { foldOfRow } from '../../model/rows.ts'
import { childrenOf } from '../../model/tree.ts'
import { foldBar, foldText, spanBar, timeText } from './bars.ts'
import { eventMarks } from './marks.ts'
import { toggle } from './walk.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'

/** Rows that scroll out of sight give their elements to those that scroll in; more than can be seen at once. */
const slots = 256
/** Deeper rows are not indented any further: their depth is printed. */
const deepestIndent = 10
/** Where the finding points at more, their signs are enough. */
const mostOutlined = 24

/** One row of the treegrid: a span, or a fold. */
export function row(look: Look, model: TraceModel, code: number, place: number, level: number): VNode {
  const isFold = code < 0
  const fold = look.folds.value.folds[foldOfRow(code)]
  const below = isFold ? 1 : childrenOf(model.tree, code).length
  const isOpen = isFold ? look.opened.value.unfolded.has(foldOfRow(code)) : !look.opened.value.closed.has(code)
  const isDim = look.search.query.value !== '' && (isFold || !look.search.matching.value.has(code))
  const classes = [
    'row',
    ...(look.cursor.value === code ? ['is-selected'] : []),
    ...(isFold ? ['is-fold'] : []),
    ...(isDim ? ['is-dim'] : []),
    ...(!isFold && look.marked.value.has(code)
      ? [look.marked.value.size <= mostOutlined ? 'is-marked is-outlined' : 'is-marked']
      : []),
    ...(!isFold && look.showPath.value && look.path.value.has(code) ? ['on-path'] : []),
  ]
  return html`<div
    key=${place % slots}
    id=${rowId(look, code)}
    role="row"
    class=${classes.join(' ')}
    aria-level=${level + 1}
    aria-rowindex=${place + 1}
    aria-selected=${look.cursor.value === code}
    aria-expanded=${below > 0 ? isOpen : undefined}
    style=${{ top: `${place * look.rowHeight.value}px` }}
    onClick=${() => look.moveTo(code)}
    onDblClick=${() => toggle(look, code)}
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
              onClick=${(event: Event) => (event.stopPropagation(), toggle(look, code))}
              >${isOpen ? '▾' : '▸'}</span
            >`
          : html`<span class="twisty"></span>`
      }
      ${fold ? foldName(model, fold) : spanName(look, model, code, isOpen)}
    </span>
    <span role="gridcell" class="cell-time">
      <span class="sr">${fold ? foldText(look, fold) : timeText(look, model, code)}</span>
      <span aria-hidden="true"
        >${fold ? foldBar(look, model, fold) : [...spanBar(look, model, code), ...eventMarks(look, model, code)]}</span
      >
    </span>
  </div>`
}

export const rowId = ({ id }: Look, code: number) => (code < 0 ? `${id}-fold${-1 - code}` : `${id}-span${code}`)

function spanName(look: Look, { columns, tree }: TraceModel, span: number, isOpen: boolean): VNode {
  const agent = shortAgentOf(columns, span)
  const isAgent = nameOf(columns, span).startsWith('invoke_agent')
  const hidden = isOpen ? 0 : (tree.below[span] as number)
  return html`<span class="name">
    ${look.marked.value.has(span) && html`<b class="diamond" title="The finding points here">◆</b>`}
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
