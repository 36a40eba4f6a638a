import { Random } from 'contract/random'
import { expect, test } from 'vitest'
import { columnsOf } from '../src/columns.ts'
import { nothingDropped, type ReceivedSpan } from '../src/otlp/span.ts'
import { flag } from '../src/page/model/columns.ts'
import { pictureOf } from '../src/page/server/picture.ts'
import { Trace } from '../src/trace.ts'

const traceId = '0000000000000000000000000000abcd'

function spanOf(spanId: string, change: Partial<ReceivedSpan> = {}): ReceivedSpan {
  return {
    traceId,
    spanId,
    parentSpanId: 'root',
    name: `work ${spanId}`,
    kind: 'internal',
    service: `shop ${spanId}`,
    startMs: 1000,
    endMs: 1001,
    attributes: { 'ati.agent.id': `agent ${spanId}` },
    events: [{ name: `event ${spanId}`, timeMs: 1000.5, attributes: {}, wholeDoubles: [] }],
    links: [{ traceId, spanId: 'b' }],
    status: 'unset',
    statusMessage: '',
    wholeDoubles: [],
    resource: {},
    resourceDoubles: [],
    scope: { name: '', version: '' },
    traceState: '',
    flags: 0,
    dropped: nothingDropped,
    ...change,
  }
}

/** Several at one time, two roots among them, and each kind of odd times and odd parents. */
const spans = [
  spanOf('root', { parentSpanId: null }),
  spanOf('second root', { parentSpanId: null }),
  ...['a', 'b', 'c', 'd'].map((id) => spanOf(id)),
  spanOf('orphan', { parentSpanId: 'nowhere' }),
  spanOf('itself', { parentSpanId: 'itself' }),
  spanOf('no start', { startMs: null, endMs: 1000 }),
  spanOf('no time', { startMs: null, endMs: null }),
  spanOf('not ended', { endMs: null }),
  spanOf('early', { startMs: 999.5 }),
]

function traceOf(arrived: readonly ReceivedSpan[]): Trace {
  const trace = new Trace(traceId)
  for (const span of arrived) trace.add(span)
  return trace
}

test('the order of arrival changes neither the columns of a trace nor its picture', () => {
  const random = new Random('arrival')
  const first = traceOf(spans)
  for (let time = 0; time < 30; time++) {
    const left = [...spans]
    const shuffled = spans.map(() => left.splice(random.integer(0, left.length - 1), 1)[0] as ReceivedSpan)
    const trace = traceOf(shuffled)
    expect(columnsOf(trace)).toEqual(columnsOf(first))
    expect(pictureOf(traceId, trace)).toEqual(pictureOf(traceId, first))
  }
})

test('both have their spans in order of start, then of id, at the same times', () => {
  const { columns, start_ms } = columnsOf(traceOf(spans))
  const picture = pictureOf(traceId, traceOf(spans)).columns
  expect(columns.span_id.slice(0, 5)).toEqual(['early', 'no time', 'a', 'b', 'c'])
  expect(picture.id).toEqual(columns.span_id)
  expect(picture.start).toEqual(columns.start_ms)
  expect(picture.duration).toEqual(columns.duration_ms)
  expect(picture.origin_ms).toBe(start_ms)
})

test('a parent that did not arrive is told apart from none, and a circle of parents is opened in the picture alone', () => {
  const { columns } = columnsOf(traceOf(spans))
  const picture = pictureOf(traceId, traceOf(spans)).columns
  const at = (id: string) => picture.id.indexOf(id)
  expect([columns.parent[at('root')], columns.parent[at('orphan')], columns.parent[at('itself')]]).toEqual([
    -1,
    -2,
    at('itself'),
  ])
  expect([picture.parent[at('root')], picture.parent[at('orphan')], picture.parent[at('itself')]]).toEqual([-1, -1, -1])
  const orphans = picture.id.filter((_, span) => (picture.flags[span] as number) & flag.orphaned)
  expect(orphans).toEqual(['orphan'])
})
