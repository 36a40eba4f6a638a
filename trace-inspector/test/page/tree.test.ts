import { expect, test } from 'vitest'
import { ancestorsOf, buildTree, childrenOf, withoutCircles } from '../../src/page/model/tree.ts'
import { columnsOf, crowd } from './support/columns.ts'

test('children come in order of start, and every span knows how many are below it', () => {
  const columns = columnsOf([
    { id: 'root' },
    { id: 'late', parent: 'root', start: 5 },
    { id: 'early', parent: 'root', start: 1 },
    { id: 'leaf', parent: 'late', start: 6 },
  ])
  const tree = buildTree(columns)
  expect([...childrenOf(tree, 0)]).toEqual([2, 1])
  expect([...tree.below]).toEqual([3, 1, 0, 0])
  expect([...tree.depth]).toEqual([0, 1, 1, 2])
  expect(ancestorsOf(columns, tree, 3)).toEqual([0, 1])
})

test('a span whose parent is not there is a root', () => {
  expect(buildTree(columnsOf([{ id: 'a' }, { id: 'b', parent: 'gone' }])).roots).toEqual([0, 1])
})

test.each([
  ['each other’s', [1, 0, 1], [1, -1, 1]],
  ['its own', [0, 0], [-1, 0]],
  ['three in a circle, and two that hang on it', [1, 2, 0, 1, 3], [1, 2, -1, 1, 3]],
  ['nobody’s', [-1, 0, 1], [-1, 0, 1]],
])('a circle of parents is opened: %s', (_what, parents, expected) => expect(withoutCircles(parents)).toEqual(expected))

test('a chain 20,000 deep overflows nothing', () => {
  const columns = columnsOf([{ id: '0' }])
  const deep = 20_000
  const tree = buildTree({
    ...columns,
    id: Array.from({ length: deep }, (_, at) => String(at)),
    parent: Array.from({ length: deep }, (_, at) => at - 1),
    start: Array.from({ length: deep }, (_, at) => at),
  })
  expect(tree.depth[deep - 1]).toBe(deep - 1)
  expect(tree.below[0]).toBe(deep - 1)
})

test('ten thousand siblings are no problem either', () => {
  const tree = buildTree(columnsOf(crowd(2000)))
  expect(childrenOf(tree, 0)).toHaveLength(2000)
})
