import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listen, toolApp } from '../../test/support/apps.ts'

/** A day: nothing ends by itself within a test. */
const long = 'delay_ms=86400000'

let server: Server
let url: string
let inFlight: () => number
beforeEach(async () => {
  const { app, inFlight: count } = toolApp({ delayMs: 0, errorRate: 0 })
  server = createServer(app)
  url = await listen(server)
  inFlight = count
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const waiting = async () => /tool_calls_waiting (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]

/** A call that is under way until it is given up. */
function begin(query: string): () => void {
  const call = new AbortController()
  fetch(`${url}/tool/search?${query}`, { signal: call.signal }).catch(() => {})
  return () => call.abort()
}

it('does as many calls at a time as a tool has capacity for, lets others wait, and refuses the rest', async () => {
  const limits = 'capacity=2&queue=1&pool=a'
  const one = begin(`${long}&${limits}`)
  begin(`${long}&${limits}`)
  await expect.poll(inFlight).toBe(2)
  const third = fetch(`${url}/tool/search?delay_ms=0&${limits}`)
  await expect.poll(waiting).toBe('1')
  const refused = await fetch(`${url}/tool/search?${limits}`)
  expect(refused.status).toBe(429)
  // A queue does not know when there is room again: of such a refusal the finding "overload" is made.
  expect(refused.headers.get('retry-after')).toBeNull()
  expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(await refused.json()).toMatchObject({
    detail: 'Of search 2 calls are done at a time, and 1 wait',
    ok: false,
    service: 'synthetic-tool-service',
  })
  for (const seconds of ['9', '0']) {
    const patience = await fetch(`${url}/tool/search?retry_after_s=${seconds}&${limits}`)
    expect([patience.status, patience.headers.get('retry-after')]).toEqual([429, seconds])
  }
  one()
  expect((await third).status).toBe(200)
  expect(await waiting()).toBe('0')
})

it('keeps pools and tools apart, and nobody waits who does not say what the capacity is', async () => {
  begin(`${long}&capacity=1&pool=a`)
  await expect.poll(inFlight).toBe(1)
  expect((await fetch(`${url}/tool/search?capacity=1&pool=a`)).status).toBe(429)
  for (const path of ['search?capacity=1&pool=b', 'search?capacity=1', 'mail?capacity=1&pool=a', 'search'])
    expect((await fetch(`${url}/tool/${path}`)).status).toBe(200)
})

it('forgets who left while waiting, and what nobody uses', async () => {
  const first = begin(`${long}&capacity=1&queue=1`)
  await expect.poll(inFlight).toBe(1)
  const second = begin(`${long}&capacity=1&queue=1`)
  await expect.poll(waiting).toBe('1')
  second()
  await expect.poll(waiting).toBe('0')
  first()
  await expect.poll(inFlight).toBe(0)
  // Another capacity now: the pool is as large as its first call says.
  begin(`${long}&capacity=2`)
  begin(`${long}&capacity=2`)
  await expect.poll(inFlight).toBe(2)
  expect(await waiting()).toBe('0')
  expect((await fetch(`${url}/tool/search?capacity=2`)).status).toBe(429)
})

it('has a place for the next when a call was asked to fail', async () => {
  for (let call = 0; call < 3; call++)
    expect((await fetch(`${url}/tool/search?capacity=1&error_rate=1`)).status).toBe(503)
})
