import type { LedgerAnswer } from 'contract/ledger'
import { expect, test } from 'vitest'
import type { ReceivedSpan } from '../src/otlp/span.ts'
import { edgesOf, orphanOf } from '../src/session/edges.ts'
import { sessionOf, tracesOf } from '../src/session/session.ts'
import { stitch } from '../src/session/stitched.ts'
import { Traces } from '../src/traces.ts'

const id = (letter: string, digits: number) => letter.repeat(digits)

/** A span of trace `a`, `b` …, with what is said of it. */
function span(
  trace: string,
  letter: string,
  startMs: number,
  endMs: number,
  more: Partial<ReceivedSpan> = {},
): ReceivedSpan {
  return {
    traceId: id(trace, 32),
    spanId: id(letter, 16),
    parentSpanId: null,
    name: 'GET /run',
    kind: 'server',
    service: 'agent',
    startMs,
    endMs,
    status: 'unset',
    statusMessage: '',
    attributes: { 'gen_ai.conversation.id': 'talk' },
    wholeDoubles: [],
    events: [],
    links: [],
    resource: {},
    resourceDoubles: [],
    scope: { name: '', version: '' },
    traceState: '',
    flags: 0,
    dropped: { attributes: 0, events: 0, links: 0 },
    ...more,
  }
}

const call = (trace: string, letter: string, startMs: number, endMs: number, parent: string) =>
  span(trace, letter, startMs, endMs, {
    parentSpanId: id(parent, 16),
    attributes: { 'mcp.method.name': 'tools/call' },
  })
const takeOver = (trace: string, letter: string, startMs: number, endMs: number, more: Partial<ReceivedSpan> = {}) =>
  span(trace, letter, startMs, endMs, { name: 'POST /mcp', ...more })

function traces(...spans: ReceivedSpan[]) {
  const all = new Traces(1_000_000)
  all.add(spans)
  return { all, of: (trace: string) => all.find(id(trace, 32)) as NonNullable<ReturnType<Traces['find']>> }
}
const nobody = () => Promise.resolve(undefined)

test('traces with a conversation in common are a session, in order of start, with the time between them', async () => {
  const link = { links: [{ traceId: id('a', 32), spanId: id('1', 16) }] } as Partial<ReceivedSpan>
  const { all, of } = traces(
    takeOver('c', '3', 5000, 5100, link),
    span('a', '1', 0, 1000),
    takeOver('b', '2', 200, 1200),
    span('d', '4', 300, 400, { attributes: { 'gen_ai.conversation.id': 'another' } }),
  )
  const together = await tracesOf(of('c'), all, nobody)
  const session = sessionOf(of('c'), together, await edgesOf(together, nobody))
  expect(session.traces.map(({ trace_id, how, idle_ms }) => [trace_id[0], how, idle_ms])).toEqual([
    ['a', 'begins', 0],
    ['b', 'severed', 0],
    ['c', 'resumes', 3800],
  ])
  expect(await tracesOf(of('d'), all, nobody)).toEqual([of('d')])
})

test('traces are one session by any of their conversations, and by a link of a root, whichever is asked for', async () => {
  const say = (conversation: string) => ({ attributes: { 'gen_ai.conversation.id': conversation } })
  const { all, of } = traces(
    span('a', '1', 0, 10, say('one')),
    span('a', '2', 0, 10, { ...say('two'), parentSpanId: id('1', 16) }),
    span('b', '3', 20, 30, say('two')),
    takeOver('c', '4', 40, 50, { attributes: {}, links: [{ traceId: id('b', 32), spanId: id('3', 16) }] }),
    span('d', '5', 60, 70, { attributes: {} }),
  )
  const lettersOf = (found: { id: string }[]) => found.map((each) => each.id[0]).join('')
  for (const each of 'abc') expect(lettersOf(await tracesOf(of(each), all, nobody)), each).toBe('abc')
  expect(lettersOf(await tracesOf(of('d'), all, nobody))).toBe('d')
})

test('a trace is in its own session, however many are newer', async () => {
  const ids = Array.from({ length: 300 }, (_, index) => index.toString(16).padStart(32, '0'))
  const { all } = traces(...ids.map((traceId, index) => span('a', '1', index, index + 1, { traceId })))
  const [oldest] = all.recent(Infinity).slice(-1)
  const together = await tracesOf(oldest as NonNullable<typeof oldest>, all, nobody)
  expect([together[0]?.id, together.length]).toEqual([ids[0], 200])
})

test('a root on purpose is no orphan: what links elsewhere, what has a parent, what nobody handed over', () => {
  const link = { links: [{ traceId: id('a', 32), spanId: id('1', 16) }] } as Partial<ReceivedSpan>
  const { of } = traces(
    takeOver('a', '1', 0, 1),
    takeOver('b', '2', 0, 1, link),
    takeOver('c', '3', 0, 1, { parentSpanId: id('9', 16) }),
    span('d', '4', 0, 1),
  )
  expect(['a', 'b', 'c', 'd'].filter((each) => orphanOf(of(each)))).toEqual(['a'])
})

test('without a ledger calls are candidates that are around it and have nothing below them, the tightest first', async () => {
  const { all, of } = traces(
    span('a', '1', 0, 1000),
    call('a', '2', 100, 900, '1'),
    call('a', '3', 290, 510, '1'),
    call('a', '4', 600, 700, '1'),
    call('a', '5', 280, 520, '1'),
    takeOver('a', '6', 300, 500, { parentSpanId: id('5', 16) }),
    takeOver('b', '7', 300, 500),
  )
  const edges = await edgesOf(await tracesOf(of('a'), all, nobody), nobody)
  const edge = edges.get(id('b', 32))
  expect([edge?.known_by, edge?.parents.map(({ span_id }) => span_id[0])]).toEqual(['spans', ['3', '2']])
})

test('a ledger knows the true parent, and what is severed twice is stitched twice', async () => {
  const { all, of } = traces(
    span('a', '1', 0, 1000),
    call('a', '2', 100, 900, '1'),
    takeOver('b', '3', 120, 880),
    call('b', '4', 200, 800, '3'),
    takeOver('c', '5', 220, 780),
  )
  const parents: Record<string, [string, string, string]> = { b: ['3', 'a', '2'], c: ['5', 'b', '4'] }
  const ledgerOf = ({ id: traceId }: { id: string }) => {
    const [root = '', trace = '', parent = ''] = parents[traceId[0] as string] ?? []
    const severed_from = { trace_id: id(trace, 32), span_id: id(parent, 16) }
    const runs = [{ steps: [{ span_id: id(root, 16) }], part: { name: 'part', severed_from } }]
    return Promise.resolve({ runs } as unknown as LedgerAnswer)
  }
  const together = await tracesOf(of('a'), all, ledgerOf)
  const { spans, seams } = stitch(of('a'), together, await edgesOf(together, ledgerOf))
  expect(spans.map(({ spanId, parentSpanId }) => [spanId[0], parentSpanId?.[0]])).toEqual([
    ['3', '2'],
    ['4', '3'],
    ['5', '4'],
  ])
  expect([...seams.values()]).toEqual(['ledger', 'ledger'])
})
