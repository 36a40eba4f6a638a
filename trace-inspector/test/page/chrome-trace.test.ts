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

test('on each lane what begins ends in turn, and lies inside what was begun before', () => {
  const sketches = crowd(20, (index) => ({ start: index * 7, ms: 30 + (index % 5) * 20 }))
  const events = eventsOf([...sketches, { id: 'x', parent: 'w3', start: 22, ms: 5, service: 'tools' }])
  for (const own of Map.groupBy(
    events.filter(({ ph }) => 'be'.includes(ph)),
    ({ pid, id }) => `${pid} ${id}`,
  ).values()) {
    const begun = own.filter(({ ph }) => ph === 'b').map((event) => event.ts)
    const ended = own.filter(({ ph }) => ph === 'e').map((event) => event.ts)
    const spans = begun.map((start, at) => [start, ended[at] as number] as const)
    for (const [a, b] of spans)
      for (const [c, d] of spans) expect(b <= c || d <= a || (a <= c && d <= b) || (c <= a && b <= d)).toBe(true)
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
