import { describe, expect, test } from 'vitest'
import { nothingDropped, type ReceivedSpan } from '../src/otlp/span.ts'
import { columnsOf } from '../src/columns.ts'
import { Trace } from '../src/trace.ts'
import { Traces } from '../src/traces.ts'

let made = 0

/** Spans of a trace that take some 10 KB altogether. */
function some(traceId: string): ReceivedSpan[] {
  return Array.from({ length: 25 }, () => ({
    traceId,
    spanId: String(made++),
    parentSpanId: null,
    name: 'work',
    kind: 'internal',
    service: 'shop',
    startMs: 1,
    endMs: 2,
    attributes: {},
    events: [],
    links: [],
    status: 'unset',
    statusMessage: '',
    wholeDoubles: [],
    resource: {},
    resourceDoubles: [],
    scope: { name: '', version: '' },
    traceState: '',
    flags: 0,
    dropped: nothingDropped,
  }))
}

/** Room for ten such traces; `names` came one after the other. */
function tracesOf(names: string): Traces {
  const traces = new Traces(100_000)
  for (const name of names) traces.add(some(name))
  return traces
}
const here = (traces: Traces) => traces.recent(100).map(({ id }) => id)

describe('traces that there is no room for', () => {
  test('are those that nothing came of for longest', () => {
    const traces = tracesOf('abcdefghij')
    const before = here(traces)
    const last = before.at(-1) as string
    traces.add(some(last))
    traces.add(some('x'))
    expect(here(traces)).toContain(last)
    expect(here(traces).slice(0, 2)).toEqual(['x', last])
    expect(traces.hasEvicted(before.at(-2) as string)).toBe(true)
    expect(traces.hasEvicted(last)).toBe(false)
  })

  test('are as few when nothing fits that comes', () => {
    const traces = new Traces(5000)
    const tooLong = { attributes: { text: 'x'.repeat(10_000) } }
    for (let id = 0; id < 50; id++) traces.add(some(String(id)).map((span) => ({ ...span, ...tooLong })))
    expect(traces.spans).toBe(0)
    expect(traces.size).toBeLessThanOrEqual(3)
  })

  test('are those that nobody waits for, as long as that is half of the room at most', () => {
    const traces = tracesOf('')
    const letGo = ['a', 'b', 'c'].map((name) => traces.await(name))
    for (const name of 'abcdefghijklmnopqrstuvwxyz') traces.add(some(name))
    expect(here(traces)).toEqual(expect.arrayContaining(['a', 'b', 'c', 'z']))
    letGo[0]?.()
    for (const name of 'ABCDEFGHIJ') traces.add(some(name))
    expect(here(traces)).toEqual(expect.arrayContaining(['b', 'c', 'J']))
    expect(traces.hasEvicted('a')).toBe(true)
  })

  test('are awaited ones, too, once those hold more than half', () => {
    const traces = tracesOf('')
    for (const name of 'abcdefghijklmnop') traces.await(name)
    for (const name of 'abcdefghijklmnop') traces.add(some(name))
    for (const name of '12345678') traces.add(some(name))
    const kept = here(traces)
    const awaited = kept.filter((name) => name >= 'a')
    expect(awaited.length).toBeGreaterThan(0)
    expect(awaited.length).toBeLessThanOrEqual(Math.ceil(kept.length / 2))
    expect(kept[0]).toBe('8')
  })

  test('wake who waits for them', async () => {
    const traces = tracesOf('a')
    const arrival = traces.arrival('a', new AbortController().signal)
    for (const name of 'bcdefghijklm') traces.add(some(name))
    await arrival
    expect(traces.find('a')).toBeUndefined()
  })
})

describe('what spans of one request share', () => {
  const long = 'x'.repeat(10_000)
  /** Spans of one request, with a resource and a scope of 10 KB each that are theirs alone. */
  function sharing(...spans: Partial<ReceivedSpan>[]): ReceivedSpan[] {
    const origin = { resource: { text: long }, scope: { name: long, version: '' } }
    return spans.map((span) => ({ ...(some('a')[0] as ReceivedSpan), ...origin, ...span }))
  }
  /** How many spans of a trace there is room for when the same request comes over and over. */
  function most(...spans: Partial<ReceivedSpan>[]): number {
    const traces = new Traces(100_000)
    for (let time = 0; time < 30; time++) traces.add(sharing(...spans))
    expect(traces.find('a')?.rejected).toBeGreaterThan(0)
    return traces.find('a')?.spans.size ?? 0
  }

  test('is counted for the first that is kept: not for one that came again, or that there is no room for', () => {
    const alone = most({})
    expect(alone).toBe(4)
    // The first time both are new.
    expect(most({ spanId: 'again' }, {})).toBe(alone + 1)
    expect(most({ name: 'x'.repeat(100_000) }, {})).toBe(alone)
  })

  test('is counted for each of their traces, since one of them may go before another', () => {
    const traces = new Traces(1_000_000)
    traces.add(sharing({}, {}, { traceId: 'b' }, { traceId: 'b' }))
    expect(traces.find('a')?.bytes).toBe(traces.find('b')?.bytes)
    expect(traces.find('b')?.bytes).toBeGreaterThan(20_000)
  })

  test('and which of its numbers were written with a point takes room, on spans, resources and events', () => {
    const bytesOf = (change: Partial<ReceivedSpan>) => {
      const traces = new Traces(1_000_000)
      traces.add(sharing(change))
      return traces.find('a')?.bytes ?? 0
    }
    const wholeDoubles = Array.from({ length: 1000 }, (_, index) => String(index))
    const event = { name: '', timeMs: null, attributes: {}, wholeDoubles: [] }
    expect(bytesOf({ wholeDoubles })).toBeGreaterThan(bytesOf({}) + 8000)
    expect(bytesOf({ resourceDoubles: wholeDoubles })).toBeGreaterThan(bytesOf({}) + 8000)
    expect(bytesOf({ events: [{ ...event, wholeDoubles }] })).toBeGreaterThan(bytesOf({ events: [event] }) + 8000)
  })
})

test('of many traces that had to go the last are known; of what was before them it is known that nothing is', () => {
  const traces = new Traces(100_000)
  const bornAt = traces.knowsSince
  const names = Array.from({ length: 70 }, (_, index) => `trace ${index}`)
  for (const name of names.slice(0, 40)) traces.add(some(name))
  expect(traces.knowsSince).toBe(bornAt)
  expect(traces.hasEvicted('trace 0')).toBe(true)
  for (const name of names.slice(40)) traces.add(some(name))
  expect(traces.hasEvicted('trace 0')).toBe(false)
  expect(traces.knowsSince).toBeGreaterThan(bornAt)
  // Whatever was here is here, is known to have gone, or went before that time.
  const gone = names.filter((name) => traces.hasEvicted(name))
  const kept = names.filter((name) => traces.find(name))
  expect(gone.length).toBe(50)
  expect(names.slice(-gone.length - kept.length)).toEqual([...gone, ...kept])
})

test('spans that their own trace had no room for count as gone', () => {
  const traces = tracesOf('')
  for (let time = 0; time < 20; time++) traces.add(some('a'))
  expect(traces.find('a')?.rejected).toBeGreaterThan(0)
  expect(traces.hasEvicted('a')).toBe(true)
})

test('columns tell a root from a span whose parent did not arrive', () => {
  const trace = new Trace('a')
  const [span] = some('a') as [ReceivedSpan]
  trace.add({ ...span, spanId: 'root', parentSpanId: null, startMs: 1 })
  trace.add({ ...span, spanId: 'child', parentSpanId: 'root', startMs: 2 })
  trace.add({ ...span, spanId: 'orphan', parentSpanId: 'nowhere', startMs: 3 })
  expect(columnsOf(trace).columns).toMatchObject({ span_id: ['root', 'child', 'orphan'], parent: [-1, 0, -2] })
})
