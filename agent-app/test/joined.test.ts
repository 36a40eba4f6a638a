import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type Server } from 'node:http'
import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { isTracingSuppressed, W3CTraceContextPropagator } from '@opentelemetry/core'
import request from 'supertest'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { listen, startApps } from '../../test/support/apps.ts'
import { PeerClient } from '../src/peer-client.ts'
import { Keys } from '../src/keys/keys.ts'

const active = new AsyncLocalStorage<Context>()
beforeAll(() => {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  context.setGlobalContextManager({
    active: () => active.getStore() ?? ROOT_CONTEXT,
    with: (above, call, self, ...args) => active.run(above, () => call.apply(self, args)),
    bind: (_above, target) => target,
    enable() {
      return this
    },
    disable() {
      return this
    },
  })
})
afterAll(() => {
  propagation.disable()
  context.disable()
})

describe('a blind run in the trace of its caller', () => {
  let apps: Awaited<ReturnType<typeof startApps>>
  let server: Server
  let url: string
  let traceId: string
  let traceparent: string
  beforeEach(async () => {
    apps = await startApps()
    server = createServer(apps.app)
    url = await listen(server)
    traceId = randomBytes(16).toString('hex')
    traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    server.closeAllConnections()
    server.close()
    await apps.close()
  })

  const join = (parameters: string) =>
    request(url)
      .get('/run')
      .set('traceparent', traceparent)
      .set('x-run-parameters', `delay_ms=1&llm_delay_ms=1&fanout=2&${parameters}`)
  const answer = () => request(url).post(`/runs/${traceId}/answer`).send('{"span_ids":[]}')
  const runs = async () => (await request(url).get(`/runs/${traceId}`).expect(200)).body.runs as unknown[]

  it.each(['blind=true', 'blind=false'])('is refused once a run with %s has been answered there', async (first) => {
    const { headers } = await join(first).expect(200)
    expect(headers['x-trace-id']).toBe(traceId)
    await join('blind=true').expect(200)
    await answer().expect(200)
    const { body } = await join('blind=true').expect(409)
    expect(body.detail).toMatch(/^This trace was answered at .*: the first answer counts$/)
    // Nobody has to wait for it, and what is open stays so.
    expect(await runs()).toHaveLength(2)
    await join('').expect(200)
    expect(await runs()).toHaveLength(3)
  })

  it('and one that joins while an answer is being taken goes on until it is answered with the others', async () => {
    await join('blind=true').expect(200)
    const { promise: key, resolve } = Promise.withResolvers<void>()
    const ask = vi.spyOn(Keys.prototype, 'ask').mockReturnValueOnce(key)
    const taken = answer().then(({ status }) => status)
    await expect.poll(() => ask.mock.calls.length).toBe(1)
    const left = new AbortController()
    const headers = { traceparent, 'x-run-parameters': 'blind=true&scenario=human&human_delay_s=60' }
    const second = fetch(`${url}/run`, { headers, signal: left.signal }).catch(() => {})
    const state = async () => (await request(url).get(`/runs/${traceId}/status`)).body.state as string
    await expect.poll(state).toBe('running')
    resolve()
    expect(await taken).toBe(409)
    left.abort()
    await second
    await expect.poll(state).toBe('closed')
    expect((await answer().expect(200)).body.runs).toHaveLength(2)
  })
})

it('an instrumentation of undici makes no span of what asks another agent, and adds no trace to it', async () => {
  const suppressed: boolean[] = []
  // Where it hooks in.
  const created = () => void suppressed.push(isTracingSuppressed(context.active()))
  subscribe('undici:request:create', created)
  const nobody = new PeerClient('http://127.0.0.1:1')
  const part = { name: 'planner/resumed' }
  const signal = new AbortController().signal
  await expect(nobody.resume({ scenario: 'handoff', params: {}, isBlind: false }, part, signal)).rejects.toThrow(
    'No agent',
  )
  unsubscribe('undici:request:create', created)
  expect(suppressed).toEqual([true])
})
