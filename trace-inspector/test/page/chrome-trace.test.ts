import { expect, test } from 'vitest'
import { chromeTrace } from '../../src/page/model/chrome-trace.ts'
import { buildTree } from '../../src/page/model/tree.ts'
import { columnsOf, crowd } from './support/columns.ts'

type Event = {
  ph: string
  name: string
  ts: number
  pid: number
  id: string
  bind_id?: string
  flow_in?: true
  flow_out?: true
}

function eventsOf(sketches: Parameters<typeof columnsOf>[0]): Event[] {
  const columns = columnsOf(sketches)
  return chromeTrace(columns, buildTree(columns), () => ({ key: 'value' })).traceEvents as Event[]
}

test('on each lane what began last ends first', () => {
  const sketches = crowd(20, (index) => ({ name: `w${index}`, start: index * 7, ms: 30 + (index % 5) * 20 }))
  const events = eventsOf([...sketches, { id: 'x', name: 'x', parent: 'w3', start: 22, ms: 5, service: 'tools' }])
  const lanes = Map.groupBy(
    events.filter(({ ph }) => ph === 'b' || ph === 'e'),
    ({ pid, id }) => `${pid} ${id}`,
  )
  expect(lanes.size).toBeGreaterThan(2)
  for (const lane of lanes.values()) {
    const open: string[] = []
    // Readers sort by time, and keep the order of what has the same.
    for (const { ph, name } of lane.toSorted((a, b) => a.ts - b.ts)) {
      if (ph === 'b') open.push(name)
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
  }
})

test('a link is an arrow from the end of what was waited for', () => {
  const events = eventsOf([
    { id: 'branch', start: 0, ms: 10 },
    { id: 'join', start: 12, ms: 5, links: ['branch'] },
  ])
  const [out, into] = events.filter(({ bind_id }) => bind_id)
  expect(out).toMatchObject({ ph: 'n', ts: 10_000, flow_out: true })
  expect(into).toMatchObject({ ph: 'n', ts: 12_000, flow_in: true, bind_id: out?.bind_id })
})

test('of what begins or ends at one time, the outer begins first and ends last', () => {
  const events = eventsOf([
    { id: 'inner', parent: 'outer', name: 'inner', ms: 10 },
    { id: 'outer', name: 'outer', ms: 10 },
    { id: 'nothing', parent: 'outer', name: 'nothing', start: 10, ms: 0 },
  ])
  const turns = events.filter(({ ph }) => ph === 'b' || ph === 'e').map(({ ph, name }) => ph + name)
  expect(turns).toEqual(['bouter', 'binner', 'einner', 'bnothing', 'enothing', 'eouter'])
})
