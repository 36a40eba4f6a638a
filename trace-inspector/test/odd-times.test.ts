import { createServer, type Server } from 'node:http'
import { Lifecycle } from 'service-kit/serve'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { createApp } from '../src/app.ts'
import { flag } from '../src/page/model/columns.ts'
import { resourceOf, spanOf } from './support/otlp.ts'

const traceId = '0000000000000000000000000000abce'
const odd = '00f067aa0ba902b1'
const start = '1760000000000000000'
const startMs = 1760000000000
/** Below the odd one, 50 ms. */
const child = spanOf({
  traceId,
  spanId: '00f067aa0ba902b2',
  parentSpanId: odd,
  startTimeUnixNano: start,
  endTimeUnixNano: '1760000000050000000',
})

let server: Server
let url: string
beforeEach(async () => {
  const deps = { agents: [], allowedHosts: [], maxBytes: 64 * 1024 * 1024, lifecycle: new Lifecycle() }
  server = createServer(createApp(deps).app)
  url = await listen(server)
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const get = async <Body = object>(path: string) => {
  const response = await fetch(url + path)
  expect(response.status, path).toBe(200)
  return (await response.json()) as Body
}
async function send(...spans: object[]): Promise<void> {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource: resourceOf('shop'), scopeSpans: [{ spans }] }] }),
  })
  expect(await response.json()).toEqual({})
}

/** All numbers that an answer has, whatever they are called. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

const cases = [
  ['no end', 'not_ended', { startTimeUnixNano: start }, { start_ms: startMs, end_ms: null, duration_ms: null }],
  ['an end of 0', 'not_ended', { startTimeUnixNano: start, endTimeUnixNano: '0' }, { end_ms: null, duration_ms: null }],
  [
    'an end before its start',
    'ended_before_start',
    { startTimeUnixNano: start, endTimeUnixNano: '1759999999999000000' },
    { start_ms: startMs, end_ms: startMs - 1, duration_ms: 0 },
  ],
  ['no start', 'no_start', { endTimeUnixNano: '1760000000020000000' }, { start_ms: null, duration_ms: null }],
  ['no times', 'no_start', {}, { start_ms: null, end_ms: null, duration_ms: null }],
] as const

test.each(cases)(
  'a span with %s is kept and marked, and no figure is poisoned',
  async (_what, oddity, times, shown) => {
    await send(
      { traceId, spanId: odd, name: 'odd', kind: 1, ...times, events: [{ name: 'when', timeUnixNano: '0' }] },
      child,
    )
    expect(await get(`/traces/${traceId}/spans/${odd}`)).toMatchObject({
      ...shown,
      odd_times: oddity,
      events: [{ name: 'when', time_ms: null }],
    })

    const { recent } = await get<{ recent: object[] }>('/traces')
    expect(recent).toMatchObject([{ start_ms: startMs, duration_ms: 50, spans: 2 }])

    const listed = await get<{ columns: { span_id: string[] }; odd_times: object[] }>(`/traces/${traceId}`)
    expect(listed).toMatchObject({ start_ms: startMs, duration_ms: 50 })
    expect(listed.odd_times).toEqual([{ span: listed.columns.span_id.indexOf(odd), oddity }])

    const { columns } = await get<{ columns: { id: string[]; flags: number[]; origin_ms: number } }>(
      `/traces/${traceId}/picture`,
    )
    expect(columns.origin_ms).toBe(startMs)
    expect(columns.flags[columns.id.indexOf(odd)]).toBe(flag[oddity])

    const { aggregate } = await get<{ aggregate: { name: string }[] }>(`/traces/${traceId}/reveal`)
    expect(aggregate.find(({ name }) => name === 'odd')).toMatchObject({ count: 1, mean_ms: 0, p99_ms: 0 })

    const chrome = await get<{ otherData: { started: string }; traceEvents: object[] }>(`/traces/${traceId}/chrome`)
    expect(chrome.otherData.started).toBe('2025-10-09T08:53:20.000Z')

    for (const answer of [listed, columns, aggregate, chrome.traceEvents])
      for (const number of numbersIn(answer)) {
        // Times since the trace's start, in µs at most, or ms since the epoch; −1 is no parent.
        expect(number).toBeGreaterThanOrEqual(-1)
        if (number !== startMs) expect(number).toBeLessThanOrEqual(50_000)
      }
  },
)

/** What a span says of when it was, of those that were downloaded as OTLP. */
async function timesInOtlp(spanId: string) {
  type Sent = { spanId: string; startTimeUnixNano?: string; endTimeUnixNano?: string }
  const { resourceSpans } = await get<{ resourceSpans: { scopeSpans: { spans: Sent[] }[] }[] }>(
    `/traces/${traceId}/otlp`,
  )
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((inScope) => inScope.spans))
  const { startTimeUnixNano, endTimeUnixNano } = spans.find((span) => span.spanId === spanId) as Sent
  return { startTimeUnixNano, endTimeUnixNano }
}

test.each(cases)(
  'a span with %s is sent on as it came, and takes no time for Jaeger',
  async (_what, _oddity, times) => {
    const event = { name: 'when', timeUnixNano: '0' }
    await send({ traceId, spanId: odd, name: 'odd', kind: 1, ...times, events: [event] }, child)
    const sent: { startTimeUnixNano?: string; endTimeUnixNano?: string } = times
    const known = (time: string | undefined) => (time === '0' ? undefined : time)
    const asSent = { startTimeUnixNano: sent.startTimeUnixNano, endTimeUnixNano: known(sent.endTimeUnixNano) }
    expect(await timesInOtlp(odd)).toEqual(asSent)

    type Drawn = { spanID: string; startTime: number; duration: number; logs: object[] }
    const { data } = await get<{ data: { spans: Drawn[] }[] }>(`/traces/${traceId}/jaeger`)
    const spans = new Map(data[0]?.spans.map((span) => [span.spanID, span]))
    const startTime = Number(sent.startTimeUnixNano ?? sent.endTimeUnixNano ?? start) / 1000
    expect(spans.get(odd)).toMatchObject({ startTime, duration: 0, logs: [{ timestamp: startTime }] })
    expect(spans.get(child.spanId)).toMatchObject({ startTime: startMs * 1000, duration: 50_000 })
  },
)

test('of a trace without any time nothing says 1970', async () => {
  await send({ traceId, spanId: odd, name: 'odd', kind: 1 })
  const { recent } = await get<{ recent: object[] }>('/traces')
  expect(recent).toMatchObject([{ start_ms: null, duration_ms: 0 }])
  expect(await get(`/traces/${traceId}/picture`)).toMatchObject({
    columns: { origin_ms: null, start: [0], duration: [0] },
  })
  expect(await get(`/traces/${traceId}/chrome`)).toMatchObject({ otherData: { started: null } })
  expect(await timesInOtlp(odd)).toEqual({ startTimeUnixNano: undefined, endTimeUnixNano: undefined })
})
