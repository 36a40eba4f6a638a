import { expect, test } from 'vitest'
import { flag } from '../../src/page/model/columns.ts'
import { search } from '../../src/page/model/search.ts'
import { columnsOf } from './support/columns.ts'

const columns = columnsOf([
  { id: 'abc1', name: 'execute_tool mail', agent: 'worker:7', ms: 120 },
  { id: 'abd2', name: 'GET', service: 'tool-service', ms: 5, flags: flag.error },
  { id: 'fff3', name: 'execute_tool search', agent: 'worker:70', ms: 900, flags: flag.lost },
])

test.each([
  ['', []],
  ['tool', [0, 1, 2]],
  ['MAIL', [0]],
  ['execute worker:70', [2]],
  ['ab', [0, 1]],
  ['>100', [0, 2]],
  ['<100', [1]],
  ['execute >100 <200', [0]],
  ['is:error', [1]],
  ['is:lost', [2]],
  ['nobody', []],
])('%j finds %j', (query, expected) => expect(search(columns, query)).toEqual(expected))
