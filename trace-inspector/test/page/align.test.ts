import { expect, test } from 'vitest'
import { align } from '../../src/page/model/align.ts'
import { buildTree } from '../../src/page/model/tree.ts'
import { columnsOf, crowd, type Sketch } from './support/columns.ts'

function picture(sketches: readonly Sketch[]) {
  const columns = columnsOf(sketches)
  return { columns, tree: buildTree(columns) }
}

test('the same agent is the same step, in whatever order it came', () => {
  const before = picture(crowd(6, (index) => (index === 2 ? { ms: 900 } : {})))
  const after = picture(crowd(6).reverse())
  const pairs = align(before, after)
  expect(pairs).toHaveLength(7)
  expect(pairs.find(({ agent }) => agent === 'worker:2')).toMatchObject({ beforeMs: 900, afterMs: 100 })
})

test('equals without a name of their own are counted', () => {
  const calls = (first: number) =>
    [0, 1, 2].map((at) => ({ id: `c${first + at}`, parent: 'a', name: 'call', start: at, ms: at + first }))
  const pairs = align(picture([{ id: 'a' }, ...calls(10)]), picture([{ id: 'a' }, ...calls(20)]))
  expect(pairs.slice(1).map(({ beforeMs, afterMs }) => afterMs - beforeMs)).toEqual([10, 10, 10])
})

test('what only one run did is on no other side', () => {
  const retry = { id: 'retry', parent: 'a', name: 'GET' }
  expect(align(picture([{ id: 'a' }, retry]), picture([{ id: 'a' }]))[1]).toMatchObject({ after: -1 })
  expect(align(picture([{ id: 'a' }]), picture([{ id: 'a' }, retry]))[1]).toMatchObject({ before: -1 })
})
