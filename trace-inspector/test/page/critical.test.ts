import { walkCriticalPath } from 'findings/critical-path'
import type { AnalysisStep } from 'findings/step'
import { expect, test } from 'vitest'
import { criticalPathOf, segmentsOf, workflowOf } from '../../src/page/model/critical.ts'
import { buildTree } from '../../src/page/model/tree.ts'
import { columnsOf } from './support/columns.ts'

const columns = columnsOf([
  { id: 'request', name: 'GET /run', ms: 1000 },
  { id: 'workflow', parent: 'request', name: 'invoke_workflow dag', start: 10, ms: 980 },
  { id: 'chat', parent: 'workflow', start: 10, ms: 90 },
  { id: 'quick', parent: 'workflow', start: 100, ms: 200 },
  { id: 'slow', parent: 'workflow', start: 100, ms: 700 },
  { id: 'join', parent: 'workflow', start: 800, ms: 190 },
])
const tree = buildTree(columns)
const path = criticalPathOf(columns, tree)

test('the path of the page is the path of the finding', () => {
  expect(workflowOf(columns, tree)).toBe(1)
  expect(Object.fromEntries([...path].map(([span, ms]) => [columns.id[span], ms]))).toEqual({
    workflow: 0,
    chat: 90,
    slow: 700,
    join: 190,
  })
})

test('its segments follow one another without a gap', () => {
  const segments = segmentsOf(columns, tree, path)
  expect(segments.map(({ span }) => columns.id[span])).toEqual(['chat', 'slow', 'join'])
  for (const [at, segment] of segments.entries()) if (at > 0) expect(segment.from).toBe(segments[at - 1]?.to)
})

test('a root that hangs below itself is walked once', () => {
  const step = (span_id: string, parent_span_id: string): AnalysisStep => ({
    span_id,
    parent_span_id,
    operation: '',
    name: span_id,
    service: 'agent-app',
    agent_id: null,
    facts: {},
    events: [],
    start_ms: 0,
    end_ms: 10,
    failed: false,
  })
  const root = step('root', 'child')
  const child = step('child', 'root')
  expect(walkCriticalPath([root, child], root).get(child)).toBe(10)
})
