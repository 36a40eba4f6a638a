import { createServer, request, type Server } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Lifecycle } from 'service-kit/serve'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { createApp } from '../src/app.ts'
import type { Opened } from '../src/file/open.ts'
import type { Revelation } from '../src/reveal/reveal.ts'
import { resourceOf, spanOf } from './support/otlp.ts'
import { type SimulatedFile, simulateFile } from './support/simulated-file.ts'

let file: SimulatedFile
beforeAll(async () => void (file = await simulateFile()))

let server: Server
let url: string
async function start(maxBytes = 64 * 1024 * 1024): Promise<void> {
  server?.closeAllConnections()
  server?.close()
  server = createServer(createApp({ agents: [], allowedHosts: [], maxBytes, lifecycle: new Lifecycle() }).app)
  url = await listen(server)
}
beforeEach(() => start())
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

interface Answer extends Opened {
  status: number
  detail: string
  opened: Opened
}

const type = { 'Content-Type': 'application/octet-stream' }
async function open(body: Buffer | string, headers: Record<string, string> = type): Promise<Answer> {
  const response = await fetch(`${url}/files`, { method: 'POST', headers, body: Buffer.from(body) })
  return { ...((await response.json()) as Answer), status: response.status }
}
const get = async <T = Record<string, unknown>>(path: string) => (await (await fetch(url + path)).json()) as T
const here = async () => {
  const { recent } = await get<{ recent: { trace_id: string }[] }>('/traces')
  return recent.map(({ trace_id }) => trace_id)
}

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0')
/** A line with one trace of some spans. */
const lineOf = (trace: number, spans = 1) =>
  `${JSON.stringify({
    resourceSpans: [
      {
        resource: resourceOf('shop'),
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, index) =>
              spanOf({ traceId: hex(trace, 32), spanId: hex(trace * 10_000 + index + 1, 16) }),
            ),
          },
        ],
      },
    ],
  })}\n`

test('what simulate writes is listed, looked at and revealed as if it had been received', async () => {
  expect(await open(file.spans)).toMatchObject({
    status: 200,
    spans: file.spanCount,
    traces: file.traceIds.length,
    kept_traces: file.traceIds.length,
    rejected_spans: 0,
    broken_lines: 0,
    trouble: null,
  })
  const opened = await Promise.all(file.traceIds.map((id) => get<Revelation>(`/traces/${id}/reveal`)))
  expect((await here()).toSorted()).toEqual(file.traceIds.toSorted())
  await start()
  for (const line of file.spans.toString().trimEnd().split('\n')) {
    const headers = { 'Content-Type': 'application/json' }
    expect((await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: line })).status).toBe(200)
  }
  const received = await Promise.all(file.traceIds.map((id) => get<Revelation>(`/traces/${id}/reveal`)))
  expect(opened).toEqual(received)
  expect(received.map(({ kind }) => kind)).not.toContain(null)
})

test('of a trace without a ledger nothing is said to be missing', async () => {
  await open(file.spans)
  const answer = await fetch(`${url}/traces/${file.traceIds[0]}/verify`)
  expect(await answer.json()).toMatchObject({
    verdict: 'no_ledger',
    counts: { missing: 0, without_ledger: expect.any(Number) as number },
    note: expect.stringContaining('No agent has a ledger') as string,
  })
})

test('gzip is known by what is in it, in several members too', async () => {
  const half = file.spans.indexOf('\n', file.spans.length / 2) + 1
  const members = Buffer.concat([file.spans.subarray(0, half), file.spans.subarray(half)].map((part) => gzipSync(part)))
  expect(gunzipSync(members).equals(file.spans)).toBe(true)
  expect(await open(members)).toMatchObject({ status: 200, spans: file.spanCount, traces: file.traceIds.length })
})

test('neither a missing last newline nor empty lines and CRLF matter', async () => {
  const text = `\r\n\n${lineOf(1).trimEnd()}\r\n\n  \n${lineOf(2).trimEnd()}`
  expect(await open(text)).toMatchObject({ status: 200, lines: 2, spans: 2, broken_lines: 0 })
})

test('a download of the page can be opened again', async () => {
  await open(file.spans)
  const download = Buffer.from(await (await fetch(`${url}/traces/${file.traceIds[0]}/otlp`)).arrayBuffer())
  await start()
  expect(await open(download)).toMatchObject({ lines: 1, traces: 1, trace_id: file.traceIds[0] })
})

test('a file that is opened again, or whose spans were received, brings nothing twice; what it has twice is told', async () => {
  await open(file.spans)
  expect(await open(file.spans)).toMatchObject({
    status: 200,
    spans: file.spanCount,
    known_spans: file.spanCount,
    traces: 0,
  })
  expect(await get('/health')).toMatchObject({ duplicates: 0, spans: file.spanCount })
  expect(await open(lineOf(1) + lineOf(1))).toMatchObject({ known_spans: 0, spans: 2 })
  expect(await get('/health')).toMatchObject({ duplicates: 1 })
})

test('a broken line costs no other, and is told by its number', async () => {
  const lines = [lineOf(1), '{"resourceSpans":[\n', lineOf(2), '{"resourceMetrics":[]}\n', lineOf(3)]
  expect(await open(lines.join(''))).toMatchObject({
    status: 200,
    lines: 3,
    traces: 3,
    broken_lines: 2,
    trouble: expect.stringMatching(/^line 2: expected JSON/) as string,
  })
  expect(await open(`{"resourceMetrics":[]}\n${lineOf(4)}`)).toMatchObject({
    trouble: 'line 1: expected a request with resourceSpans',
  })
})

test('a span that cannot be read costs no other', async () => {
  const line = lineOf(1, 3).replace(hex(10_002, 16), 'xyz')
  expect(await open(lineOf(2) + line)).toMatchObject({
    status: 200,
    spans: 3,
    rejected_spans: 1,
    trouble: expect.stringMatching(
      /^line 2: resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]\.spanId: expected 16/,
    ) as string,
  })
})

test.each([
  ['text', 'one\ntwo\n', /an export request a line: line 1: expected JSON/],
  ['another kind of JSON', '{"level":"info"}\n', /line 1: expected a request with resourceSpans/],
  ['nothing', '', /it is empty/],
  ['a gzipped nothing', gzipSync(''), /it is empty/],
  ['bytes', Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256)), /expected JSON/],
  ['the first two bytes of gzip', Buffer.from([0x1f, 0x8b]), /could not be read: unexpected end of file/],
])('%s is refused in a sentence', async (_what, body, says) => {
  expect(await open(body)).toMatchObject({ status: 400, detail: expect.stringMatching(says) as string })
  expect(await get('/health')).toMatchObject({ traces: 0 })
})

test.each(['{}', '{}\n', '{"resourceSpans":[]}'])('an empty request is a file without spans: %j', async (body) => {
  expect(await open(body)).toMatchObject({
    status: 200,
    lines: 1,
    broken_lines: 0,
    spans: 0,
    traces: 0,
    trace_id: null,
  })
  expect(await get('/health')).toMatchObject({ traces: 0 })
})

test('another kind of file is not read to its end', async () => {
  const answer = await open('{"level":"info"}\n'.repeat(1000) + lineOf(1))
  expect(answer).toMatchObject({ status: 400, opened: { lines: 0, broken_lines: 10 } })
})

test('traces that there is no room for any more are counted', async () => {
  await start(1024 * 1024)
  const lines = Array.from({ length: 40 }, (_, index) => lineOf(index + 1, 100))
  const answer = await open(lines.join(''))
  expect(answer).toMatchObject({ status: 200, lines: 40, spans: 4000, traces: 40 })
  expect(answer.kept_traces).toBeGreaterThan(10)
  expect(answer.kept_traces).toBeLessThan(40)
  expect((await here()).length).toBe(answer.kept_traces)
  expect(await get('/health')).toMatchObject({ forgotten_traces: 40 - answer.kept_traces })
})

test('a file beyond the bound is read up to there: plain, and unpacked', async () => {
  await start(1024 * 1024)
  const blanks = Buffer.from(`${' '.repeat(1023)}\n`.repeat(5 * 1024))
  for (const body of [Buffer.concat([Buffer.from(lineOf(1)), blanks]), gzipSync(lineOf(2) + blanks.toString())]) {
    const answer = await open(body)
    expect(answer).toMatchObject({ status: 413, opened: { lines: 1, spans: 1, traces: 1 } })
    expect(answer.detail).toBe(
      'The file has over 4 MiB unpacked: raise INSPECTOR_MIB, or open a part of it. It was read up to line 1',
    )
  }
  expect((await here()).length).toBe(2)
})

test('a line has the bound of a request', async () => {
  const { status, detail } = await open(lineOf(1) + 'x'.repeat(65 * 1024 * 1024))
  expect([status, detail]).toEqual([413, 'Line 2 has over 64 MiB, which no request may have. It was read up to line 1'])
})

test.each([
  ['cut off', (packed: Buffer) => packed.subarray(0, -20)],
  ['damaged', (packed: Buffer) => packed.with(packed.length - 20, (packed.at(-20) as number) ^ 0xff)],
])('a gzipped file that is %s is told, and what came before is kept', async (_how, spoil) => {
  const lines = Array.from({ length: 500 }, (_, index) => lineOf(index + 1, 5))
  const answer = await open(Buffer.from(spoil(gzipSync(lines.join('')))))
  expect(answer).toMatchObject({
    status: 400,
    detail: expect.stringMatching(/^The file could not be read: /) as string,
  })
  expect(answer.detail).toContain(`It was read up to line ${answer.opened.lines}`)
  expect(answer.opened.lines).toBeGreaterThan(100)
  expect(await get('/health')).toMatchObject({ traces: answer.opened.traces })
})

test('an upload that is cut off in the middle leaves whole lines, and the next is taken', async () => {
  const upload = request(`${url}/files`, { method: 'POST', headers: { ...type, 'Content-Length': 1_000_000 } })
  upload.on('error', () => {})
  upload.write(lineOf(1) + lineOf(2) + lineOf(3).slice(0, 100))
  await expect.poll(async () => (await here()).length).toBe(2)
  expect(await open(lineOf(4))).toMatchObject({ status: 503, detail: 'Another file is being opened' })
  upload.destroy()
  await expect.poll(async () => (await open(lineOf(4))).status).toBe(200)
  expect((await here()).toSorted()).toEqual([1, 2, 4].map((trace) => hex(trace, 32)))
})

test('no page of another origin can have a file opened', async () => {
  expect(await open(lineOf(1), { ...type, 'Sec-Fetch-Site': 'cross-site' })).toMatchObject({ status: 403 })
  // What a browser sends to another port without asking there first.
  for (const simple of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
    expect(await open(lineOf(1), { 'Content-Type': simple })).toMatchObject({ status: 415 })
  const asked = await fetch(`${url}/files`, { method: 'OPTIONS', headers: { Origin: 'http://127.0.0.1:1' } })
  expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([405, null])
  expect(await here()).toEqual([])
})
