import { expect, test } from 'vitest'
import { ancestorsOf, buildTree, childrenOf } from '../../src/page/model/tree.ts'
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

test('spans that are each other’s parents are all there', () => {
  const columns = columnsOf([
    { id: 'a', parent: 'b' },
    { id: 'b', parent: 'a' },
    { id: 'c', parent: 'b' },
  ])
  const tree = buildTree(columns)
  expect(tree.roots).toEqual([0])
  expect([...tree.depth]).toEqual([0, 1, 2])
  expect(ancestorsOf(columns, tree, 2)).toEqual([0, 1])
})

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
