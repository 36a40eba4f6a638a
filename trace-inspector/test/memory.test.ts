import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Service, startService } from '../../scripts/pair.ts'
import { resourceOf, spanOf } from './support/otlp.ts'

let inspector: Service
beforeEach(async () => {
  inspector = await startService('trace-inspector', { INSPECTOR_MIB: '32' })
})
afterEach(() => inspector.stop())

/** What the process has in memory, MiB: some 130 when it holds nothing. */
const residentMib = () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(inspector.process.pid)])) / 1024
const health = async () => (await (await fetch(`${inspector.url}/health`)).json()) as Record<string, number>

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0')
let made = 0
const long = () => `${++made}${'x'.repeat(20_000)}`

/** 20 KB in each place that takes text. */
const places: Record<string, () => object> = {
  name: () => ({ name: long() }),
  key: () => ({ attributes: [{ key: long(), value: { intValue: 1 } }] }),
  value: () => ({ attributes: [{ key: 'a', value: { stringValue: long() } }] }),
  event: () => ({ events: [{ name: long(), timeUnixNano: '1' }] }),
  link: () => ({ links: [{ traceId: long(), spanId: long() }] }),
  status: () => ({ status: { code: 2, message: long() } }),
  state: () => ({ traceState: long() }),
}

test('INSPECTOR_MIB bounds memory, wherever long text is', async () => {
  const spansOf = (change: () => object) =>
    Array.from({ length: 100 }, () => ({
      ...spanOf({ traceId: hex(1 + Math.floor(made / 20), 32), spanId: hex(++made, 16) }),
      ...change(),
    }))
  const send = async (resourceSpans: object[]) => {
    const response = await fetch(`${inspector.url}/v1/traces`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ resourceSpans }),
    })
    expect(await response.text()).toBe('{}')
  }
  let most = 0
  // 480 MB of text: kept as it came, it would all be here, as its attributes alone would fit.
  for (let round = 0; round < 30; round++) {
    for (const change of Object.values(places))
      await send([{ resource: resourceOf('shop'), scopeSpans: [{ spans: spansOf(change) }] }])
    await send(spansOf(() => ({})).map((span) => ({ resource: resourceOf(long()), scopeSpans: [{ spans: [span] }] })))
    most = Math.max(most, residentMib())
  }
  expect(most).toBeLessThan(600)
  const { spans, forgotten_traces } = await health()
  expect(spans).toBeGreaterThan(0)
  expect(forgotten_traces).toBeGreaterThan(0)
})

test('bodies under way share one budget: who is beyond it is told to come again', async () => {
  const bytes = 60_000_000
  const half = Buffer.alloc(bytes, ' ')
  const uploads: ClientRequest[] = []
  const refusals: Promise<IncomingMessage>[] = []
  for (let index = 0; index < 16; index++) {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': 2 * bytes }
    const upload = request(`${inspector.url}/v1/traces`, { method: 'POST', headers, agent: false })
    refusals.push(once(upload, 'response').then(([response]) => response as IncomingMessage))
    // Its other side may close while it still writes.
    upload.on('error', () => {})
    upload.write(half)
    uploads.push(upload)
  }
  // Two of them fit. The others are answered before they have ended; who still writes then may lose the answer with its connection.
  let [over, told] = [0, 0]
  const fourteen = Promise.withResolvers<void>()
  for (const refusal of refusals) {
    void refusal
      .then(
        ({ statusCode, headers }) => {
          expect([statusCode, headers['retry-after']]).toEqual([503, '1'])
          told++
        },
        () => {},
      )
      .then(() => ++over === 14 && fourteen.resolve(), fourteen.reject)
  }
  await fourteen.promise
  expect(told).toBeGreaterThan(0)
  expect(residentMib()).toBeLessThan(600)
  expect(await health()).toMatchObject({ refused_requests: 14 })

  for (const upload of uploads) upload.destroy()
  await expect.poll(async () => (await health()).refused_requests).toBe(16)
  const body = JSON.stringify({ resourceSpans: [] })
  const response = await fetch(`${inspector.url}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  })
  expect(response.status).toBe(200)
})
