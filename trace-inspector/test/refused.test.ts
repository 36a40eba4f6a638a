import { Lifecycle } from 'service-kit/serve'
import request from 'supertest'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createApp } from '../src/app.ts'
import { Refused } from '../src/otlp/refused.ts'

let lines: string[]
beforeEach(() => {
  lines = []
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line))
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** What the log says of so many spans and requests. */
const line = (spans: number, requests: number, reason: string) =>
  `trace-inspector: turned down so far: spans ${spans}, whole requests ${requests}; the last because of ${reason}`

test('the log says at once what was turned down, and what has come to it once a minute, with the last reason', () => {
  vi.useFakeTimers()
  const refused = new Refused()
  refused.addRequest('no JSON')
  expect(lines).toEqual([line(0, 1, 'no JSON')])

  refused.addSpans(3, 'no ids')
  refused.addSpans(2, 'no\nname')
  vi.advanceTimersByTime(59_999)
  expect(lines).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(lines.slice(1)).toEqual([line(5, 1, 'no name')])

  // A minute of which there is nothing to say ends the silence.
  vi.advanceTimersByTime(600_000)
  expect(lines).toHaveLength(2)
  refused.addRequest('x'.repeat(1000))
  expect(lines.slice(2)).toEqual([line(5, 2, 'x'.repeat(300))])
})

test.each([
  ['metrics', 'logs'],
  ['logs', 'metrics'],
])('that %s are not kept is said once, and of %s for themselves', async (signal, other) => {
  const deps = { agents: [], allowedHosts: [], maxBytes: 1_000_000, lifecycle: new Lifecycle() }
  const { app } = createApp(deps)
  const send = (path: string) => request(app).post(path).set('Content-Type', 'application/json').send('{}').expect(200)
  const notKept = (what: string) => `trace-inspector takes ${what} and does not keep them: it is for traces alone`
  await send('/v1/traces')
  expect(lines).toEqual([])
  await send(`/v1/${signal}`)
  await send(`/v1/${signal}`)
  expect(lines).toEqual([notKept(signal)])
  await send(`/v1/${other}`)
  expect(lines).toEqual([notKept(signal), notKept(other)])
})
