import { expect, test } from 'vitest'
import { flag } from '../../src/page/model/columns.ts'
import { questionsIn, search, termsOf } from '../../src/page/model/search.ts'
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
  ['>500ms', [2]],
  ['<0.5s >=120ms', [0]],
  ['duration>119.9', [0, 2]],
  ['>nothing', []],
  ['execute >100 <200', [0]],
  ['is:error', [1]],
  ['status=error', [1]],
  ['is:lost', [2]],
  ['service=tool-service', [1]],
  ['name="execute_tool mail"', [0]],
  ['"tool mail"', [0]],
  ['agent!=worker:7 agent=', [1, 2]],
  ['constructor', []],
  ['nobody', []],
])('%j finds %j', (query, expected) => expect(search(columns, query)).toEqual(expected))

test('what the columns cannot tell is asked, and the answer narrows down', () => {
  const query = 'execute status=ok gen_ai.tool.name="my tool" status=error service=x >5'
  expect(questionsIn(query)).toEqual(['status=ok', 'gen_ai.tool.name="my tool"'])
  const answers = new Map([['gen_ai.tool.name=mail', new Set(['abc1', 'abd2'])]])
  expect(search(columns, 'execute gen_ai.tool.name=mail', answers)).toEqual([0])
  expect(search(columns, 'gen_ai.tool.name=mail')).toEqual([])
})

test('quotes keep blanks together, also while they are still open', () => {
  expect(termsOf(' a  b="c d" "e f')).toEqual(['a', 'b="c d"', '"e f'])
})
