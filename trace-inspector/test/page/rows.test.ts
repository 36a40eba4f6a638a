import { expect, test } from 'vitest'
import { carryOver } from '../../src/page/model/carry.ts'
import type { Columns } from '../../src/page/model/columns.ts'
import { findFolds } from '../../src/page/model/fold.ts'
import { foldOfRow, layOut, type Opened, reveal } from '../../src/page/model/rows.ts'
import { buildTree } from '../../src/page/model/tree.ts'
import { scrollTo, windowOf } from '../../src/page/model/window.ts'
import { columnsOf, crowd, type Sketch } from './support/columns.ts'

const asItComes: Opened = { closed: new Set(), unfolded: new Set() }

function drawn(sketches: readonly Sketch[]) {
  const columns = columnsOf(sketches)
  const tree = buildTree(columns)
  return { columns, tree, folds: findFolds(columns, tree) }
}

/** Rows as text: indented by level, a fold by its count. */
function text({ columns, tree, folds }: ReturnType<typeof drawn>, opened: Opened): string[] {
  const { row, level } = layOut(tree, folds, opened)
  const say = (code: number) =>
    code >= 0 ? (columns as Columns).id[code] : `${folds.folds[foldOfRow(code)]?.members.length} ×`
  return Array.from(row, (code, at) => ' '.repeat(level[at] as number) + say(code))
}

test('a fold is one row, and what is kept out of it has its own', () => {
  const model = drawn(crowd(8, (index) => (index === 2 ? { ms: 900 } : {})))
  expect(text(model, asItComes)).toEqual(['planner', ' 7 ×', ' w2'])
})

test('an opened fold stays as the head of its members', () => {
  const model = drawn(crowd(5))
  expect(text(model, { closed: new Set(), unfolded: new Set([0]) })).toEqual([
    'planner',
    ' 5 ×',
    '  w0',
    '  w1',
    '  w2',
    '  w3',
    '  w4',
  ])
})

test('what is below a closed span has no row', () => {
  const model = drawn([{ id: 'a' }, { id: 'b', parent: 'a' }, { id: 'c', parent: 'b' }])
  expect(text(model, { closed: new Set([1]), unfolded: new Set() })).toEqual(['a', ' b'])
})

test('a span that is looked for is found, whatever it is hidden in', () => {
  const model = drawn([...crowd(6), { id: 'call', parent: 'w4' }])
  const call = model.columns.id.indexOf('call')
  const opened = reveal(model.columns, model.tree, model.folds, { closed: new Set([0]), unfolded: new Set() }, call)
  expect(text(model, opened)).toContain('   call')
  expect(reveal(model.columns, model.tree, model.folds, opened, call)).toBe(opened)
})

test('what the reader opened stays open when more spans have come', () => {
  const before = drawn(crowd(6))
  const after = drawn([{ id: 'first' }, ...crowd(9)])
  const opened = carryOver({ closed: new Set([0]), unfolded: new Set([0]) }, before, after)
  expect(opened).toEqual({ closed: new Set([1]), unfolded: new Set([0]) })
})

test.each([
  ['at the top', 0, 260, 1000, { from: 0, to: 19 }],
  ['in the middle', 2600, 260, 1000, { from: 92, to: 119 }],
  ['at the end', 25_740, 260, 1000, { from: 982, to: 1000 }],
  ['with nothing', 0, 260, 0, { from: 0, to: 0 }],
  ['scrolled beyond what there is', 9000, 260, 10, { from: 10, to: 10 }],
])('only the rows that are seen are drawn: %s', (_where, scrollTop, height, count, expected) => {
  expect(windowOf(scrollTop, height, 26, count)).toEqual(expected)
})

test('scrolling goes no further than it must', () => {
  expect(scrollTo(5, 0, 260, 26)).toBe(0)
  expect(scrollTo(20, 0, 260, 26)).toBe(20 * 26 + 26 + 52 - 260)
  expect(scrollTo(0, 500, 260, 26)).toBe(0)
})
