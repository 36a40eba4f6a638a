import { expect, test } from 'vitest'
import { flag } from '../../src/page/model/columns.ts'
import { densityOf, type Fold, findFolds, type KeptOut } from '../../src/page/model/fold.ts'
import { buildTree } from '../../src/page/model/tree.ts'
import { columnsOf, crowd, type Sketch } from './support/columns.ts'

function foldsOf(sketches: readonly Sketch[], kept?: KeptOut) {
  const columns = columnsOf(sketches)
  const { folds, of } = findFolds(columns, buildTree(columns), kept)
  return { columns, of, folds, members: folds.map(({ members }) => members.map((span) => columns.id[span])) }
}

test('five equals are folded, four are not', () => {
  expect(foldsOf(crowd(5)).members).toEqual([['w0', 'w1', 'w2', 'w3', 'w4']])
  expect(foldsOf(crowd(4)).members).toEqual([])
})

test('one that took over three times the median is kept out', () => {
  const { members, folds } = foldsOf(crowd(10, (index) => (index === 7 ? { ms: 301 } : {})))
  expect(members[0]).not.toContain('w7')
  expect(folds[0]).toMatchObject({ medianMs: 100, longestMs: 100 })
})

test('errors and what the ledger knows of are kept out, even when they are below', () => {
  const sketches = crowd(10, (index) => (index === 3 ? { flags: flag.error } : {}))
  const { members } = foldsOf([...sketches, { id: 'call', parent: 'w5', flags: flag.lost }])
  expect(members[0]).toHaveLength(8)
  expect(members[0]).not.toContain('w3')
  expect(members[0]).not.toContain('w5')
})

test('no more than twelve are kept out', () => {
  expect(foldsOf(crowd(100, (index) => (index < 40 ? { ms: 1000 + index } : {}))).members[0]).toHaveLength(88)
})

test('what a finding points at is never folded, however many there are, nor what is above it', () => {
  const sketches = [...crowd(40), ...Array.from({ length: 20 }, (_, at) => ({ id: `get${at}`, parent: `w${at}` }))]
  const ids = columnsOf(sketches).id
  const marked = new Set(Array.from({ length: 20 }, (_, at) => ids.indexOf(`get${at}`)))
  const { members, of } = foldsOf(sketches, { outliers: true, marked })
  expect(members[0]).toHaveLength(20)
  for (const span of marked) expect(of[ids.indexOf(sketches[span]?.parent ?? '')]).toBe(-1)
})

test('in an exam neither time nor error keeps anything out', () => {
  const odd = (index: number) => (index === 3 ? { ms: 900 } : index === 4 ? { flags: flag.error } : {})
  const { members, folds } = foldsOf(crowd(10, odd), { outliers: false })
  expect(members[0]).toHaveLength(10)
  expect(folds[0]).toMatchObject({ medianMs: 100, longestMs: 900 })
})

test('those that take turns with others are left in their order', () => {
  const turns = Array.from({ length: 12 }, (_, at) => ({
    id: `t${at}`,
    parent: 'react',
    name: at % 2 ? 'execute_tool' : 'chat',
    start: at * 10,
    ms: 9,
  }))
  expect(foldsOf([{ id: 'react', ms: 200 }, ...turns]).members).toEqual([])
})

test('those that run beside one another are folded though others start in between', () => {
  const calls = Array.from({ length: 12 }, (_, at) => ({
    id: `t${at}`,
    parent: 'background',
    name: at % 2 ? 'execute_tool mail' : 'execute_tool search',
    start: at,
    ms: 50,
  }))
  expect(foldsOf([{ id: 'background', ms: 200 }, ...calls]).members).toHaveLength(2)
})

test('the density of a fold adds up to the time that its members took', () => {
  const { columns, folds } = foldsOf(crowd(10, (index) => ({ start: index * 10, ms: 50 })))
  const density = densityOf(columns, folds[0] as Fold, 0, 140, 28)
  expect(density.reduce((sum, value) => sum + value * 5, 0)).toBeCloseTo(500)
  expect(Math.max(...density)).toBeCloseTo(5)
})
