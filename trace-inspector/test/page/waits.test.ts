import { expect, test } from 'vitest'
import { fewerParts } from '../../src/page/model/parts.ts'
import { waitsOf } from '../../src/page/model/waits.ts'
import { columnsOf } from './support/columns.ts'

test('a bare HTTP call counts as the tool above it, and names who used it', () => {
  const columns = columnsOf([
    { id: 'request', name: 'GET /run' },
    { id: 'worker', parent: 'request', name: 'invoke_agent worker', agent: 'worker:7' },
    { id: 'call', parent: 'worker', name: 'execute_tool mail' },
    { id: 'get', parent: 'call', name: 'GET' },
    { id: 'other', parent: 'request', name: 'execute_tool mail', agent: 'worker:8' },
  ])
  const at = (id: string) => columns.id.indexOf(id)
  const path = new Map([
    [at('request'), 3],
    [at('worker'), 1],
    [at('call'), 2],
    [at('get'), 90],
    [at('other'), 10],
  ])
  expect(waitsOf(columns, path)).toEqual([
    { name: 'execute_tool mail', ms: 102, spans: 2, longest: at('call'), actor: 'worker:7' },
    { name: 'GET /run', ms: 3, spans: 1, longest: at('request'), actor: '' },
    { name: 'invoke_agent worker', ms: 1, spans: 1, longest: at('worker'), actor: 'worker:7' },
  ])
})

const parts = (count: number, kindOf: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => ({ kind: kindOf(at), ms: 1, isMarked: at === 500, text: `call ${at}` }))

test('of a thousand parts no more are drawn than there is room for, and their sum stays', () => {
  const fewer = fewerParts(
    parts(1000, () => 'acting'),
    200,
  )
  expect(fewer.length).toBeLessThanOrEqual(203)
  expect(fewer.reduce((sum, { ms }) => sum + ms, 0)).toBe(1000)
  expect(fewer.filter(({ isMarked }) => isMarked)).toEqual([
    { kind: 'acting', ms: 1, isMarked: true, text: 'call 500' },
  ])
})

test('neighbours of two kinds stay apart, and a few parts stay as they are', () => {
  const turns = parts(300, (at) => (at % 2 ? 'acting' : 'thinking'))
  expect(fewerParts(turns, 200)).toHaveLength(300)
  expect(fewerParts(turns.slice(0, 9), 200)).toEqual(turns.slice(0, 9))
})
