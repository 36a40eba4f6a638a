import { handoffMethod } from 'contract/handoff'
import { expect, test } from 'vitest'
import { segmentsOf } from '../../src/page/model/segments.ts'
import { modelOf } from '../../src/page/model/trace-model.ts'
import { columnsOf } from './support/columns.ts'

test('a hand-over is one part, whatever came of it, and in order of start', () => {
  const model = modelOf(
    columnsOf([
      { id: 'run', name: 'GET /run', ms: 100 },
      { id: 'handed', parent: 'run', name: `${handoffMethod} transfer_to_agent`, start: 40, ms: 50 },
      { id: 'took', parent: 'handed', name: 'POST /mcp', start: 42, ms: 46 },
      { id: 'inner', parent: 'took', name: 'execute_tool mail', start: 50, ms: 20 },
      { id: 'tool', parent: 'run', name: 'execute_tool search', start: 10, ms: 30 },
      { id: 'model', parent: 'run', name: 'chat synthetic-llm-1', ms: 10 },
      { id: 'saved', parent: 'run', name: 'checkpoint', start: 90, ms: 5 },
    ]),
  )
  const segments = segmentsOf(model, ['chat', 'execute_tool', handoffMethod, 'checkpoint'])
  expect(segments.map(({ id, kind, ms }) => [id, kind, ms])).toEqual([
    ['model', 'thinking', 10],
    ['tool', 'acting', 30],
    ['handed', 'handed-over', 50],
    ['saved', 'other', 5],
  ])
})
