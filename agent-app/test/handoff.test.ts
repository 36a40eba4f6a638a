import { createServer, type Server } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ToolFailure } from 'engine/errors'
import { Problem } from 'service-kit/problem'
import { Lifecycle } from 'service-kit/serve'
import { systemClock } from 'service-kit/clock'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { listen, startApps } from '../../test/support/apps.ts'
import { simulate } from '../../test/support/simulated.ts'
import { originOf, PeerClient } from '../src/peer-client.ts'
import { Resumptions } from '../src/resumptions.ts'

const quick = 'delay_ms=1&llm_delay_ms=1'
/** Nobody sleeps: not between attempts, and not until a person has answered. */
const hurried = { ...systemClock, sleep: () => Promise.resolve() }
const answered = (status: number) => new ToolFailure('unexpected_status', `It answered ${status}`, { status })

const ends: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of ends.splice(0)) await end()
})

async function agent(
  changes?: Parameters<typeof startApps>[0],
  listener?: (apps: Apps) => Parameters<typeof createServer>[1],
) {
  const apps = await startApps(changes)
  const server: Server = createServer(listener?.(apps) ?? apps.app)
  const url = await listen(server)
  ends.push(
    apps.close,
    () => server.close(),
    () => server.closeAllConnections(),
  )
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, { headers })
    return { status: response.status, body: (await response.json()) as Body }
  }
  return { ...apps, url, get }
}
type Apps = Awaited<ReturnType<typeof startApps>>
interface Body {
  trace_id: string
  ok: boolean
  session: { trace_ids: string[] }
  runs: { resumes_after_s?: number; resumed_in?: string | null; resume_error?: string }[]
}

describe('a place', () => {
  it('is not taken by a client that has left before its run began', async () => {
    const over = Promise.withResolvers<void>()
    const { url, inFlight } = await agent({}, ({ app }) => (req, res) => {
      res.once('close', () => {
        app(req, res)
        over.resolve()
      })
      req.socket.destroy()
    })
    await expect(fetch(`${url}/run?scenario=fanout&${quick}`)).rejects.toThrow()
    await over.promise
    expect(inFlight()).toBe(0)
  })

  it.each(['fe80::1%eth0', '::1', '::ffff:10.0.0.1', '10.0.0.1'])('is found where %s was asked', (localAddress) => {
    expect(new PeerClient(originOf({ localAddress, localPort: 8080 })).address.server_port).toBe(8080)
  })

  it('is there for whoever an admitted run hands over to, however few there are', async () => {
    const { get, inFlight } = await agent({ maxToolCalls: 1 })
    const { body } = await get(`/run?scenario=handoff&hops=2&severed=0&human_delay_s=0&${quick}`)
    expect(body.ok).toBe(true)
    expect((await get('/runs')).body.runs).toHaveLength(3)
    expect(inFlight()).toBe(0)
  })
})

it('a run that is under way hands over to the end while its agent stops; none begins, and none goes on', async () => {
  const { get, lifecycle, url } = await agent({}, ({ app, lifecycle }) => (req, res) => {
    if (req.url === '/mcp') lifecycle.stop()
    app(req, res)
  })
  const asked = `/run?scenario=handoff&hops=2&severed=0&human_delay_s=0&${quick}`
  expect((await get(asked)).body.ok).toBe(true)
  expect((await get(asked)).status).toBe(503)
  const take = async (part: object) => {
    const _meta = { 'synthetic-agents/run': { scenario: 'handoff', params: { delay_ms: 1 }, blind: false, part } }
    const params = { name: 'transfer_to_agent', _meta }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    return (await fetch(`${url}/mcp`, { method: 'POST', body })).status
  }
  const before = { trace_id: 'ab'.repeat(16), span_id: 'cd'.repeat(8) }
  expect(await take({ name: 'planner/resumed', resumes: before })).toBe(503)
  expect(await take({ name: 'planner/handoff/0' })).toBe(200)
  lifecycle.abort()
  expect(await take({ name: 'planner/handoff/0' })).toBe(503)
})

it.each([
  ['', 'worker'],
  ['blind=true&', 'resolver'],
])('with %j it is handed over to the %s', async (how, name) => {
  const { get } = await agent()
  const asked = vi.spyOn(PeerClient.prototype, 'handOver')
  const parameters = `${how}scenario=handoff&hops=1&severed=0&human_delay_s=0&${quick}`
  await get('/run', { 'x-run-parameters': parameters })
  expect(asked.mock.calls[0]?.[0].arguments.agent).toBe(name)
})

describe('a run that waits for a person', () => {
  const begin = `/run?scenario=handoff&hops=1&severed=0&human_delay_s=1&${quick}`
  const isTold = async ({ get }: Awaited<ReturnType<typeof agent>>, traceId: string) => {
    const status = async () => (await get(`/runs/${traceId}/status`)).body.runs[0]
    await expect
      .poll(status)
      .toSatisfy((run: Body['runs'][0]) => run.resumed_in !== null || run.resume_error !== undefined)
    return status()
  }

  it('asks again where it was refused for want of room', async () => {
    const app = await agent({ clock: hurried })
    const asked = vi.spyOn(PeerClient.prototype, 'resume').mockRejectedValueOnce(answered(503))
    const { body } = await app.get(begin)
    expect(await isTold(app, body.trace_id)).toMatchObject({ resumed_in: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it.each([
    [500, 1],
    [503, 8],
  ])('tells that it did not go on after answers of %i, %i in all', async (status, times) => {
    vi.spyOn(console, 'error').mockReturnValue()
    const app = await agent({ clock: hurried })
    const asked = vi.spyOn(PeerClient.prototype, 'resume').mockRejectedValue(answered(status))
    const { body } = await app.get(begin)
    expect(await isTold(app, body.trace_id)).toMatchObject({ resumed_in: null, resume_error: `It answered ${status}` })
    expect(asked).toHaveBeenCalledTimes(times)
  })

  it('says nothing of it while it is sealed', async () => {
    const app = await agent({ answersToken: 'a-token-that-opens' })
    const { body } = await app.get('/run', {
      'x-run-parameters': `blind=true&${begin.slice(5)}`.replace('human_delay_s=1', 'human_delay_s=60'),
    })
    ends.push(() => app.lifecycle.stop())
    const status = (headers = {}) => app.get(`/runs/${body.trace_id}/status`, headers)
    const sealed = (await status()).body.runs[0]
    expect(sealed).not.toHaveProperty('resumes_after_s')
    expect(sealed).not.toHaveProperty('resumed_in')
    const shown = await status({ Authorization: 'Bearer a-token-that-opens' })
    expect(shown.body.runs[0]).toMatchObject({ resumes_after_s: 60, resumed_in: null })
    await fetch(`${app.url}/runs/${body.trace_id}/answer`, { method: 'POST', body: '{"span_ids":[]}' })
    expect((await status()).body.runs[0]).toMatchObject({ resumes_after_s: 60, resumed_in: null })
  })

  it('is one of so many, and no more are begun', async () => {
    const lifecycle = new Lifecycle()
    const resumptions = new Resumptions({ clock: systemClock, lifecycle }, 1)
    const { run } = await simulate('handoff', { human_delay_s: 60 })
    resumptions.refuseBeyond()
    resumptions.add(run, 'http://agent.invalid')
    expect(() => resumptions.refuseBeyond()).toThrow('1 runs wait for a person')
    lifecycle.stop()
    await expect.poll(() => resumptions.refuseBeyond()).toBeUndefined()
  })

  it('is refused where too many do', async () => {
    const { get } = await agent()
    vi.spyOn(Resumptions.prototype, 'refuseBeyond').mockImplementation(() => {
      throw new Problem(503, 'Too many runs', 'of those that wait')
    })
    expect((await get(begin)).status).toBe(503)
    expect((await get('/run?scenario=human&level=4')).status).toBe(503)
    expect((await get(begin.replace('human_delay_s=1', 'human_delay_s=0'))).status).toBe(200)
    expect((await get(`/run?scenario=fanout&${quick}`)).status).toBe(200)
  })

  it('may be forgotten meanwhile', async () => {
    const lifecycle = new Lifecycle()
    ends.push(() => lifecycle.stop())
    const resumptions = new Resumptions({ clock: systemClock, lifecycle })
    const suspended = async () => {
      const { run } = await simulate('handoff', { human_delay_s: 60 })
      resumptions.add(run, 'http://agent.invalid')
      return new WeakRef(run)
    }
    const run = await suspended()
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const isForgotten = () => {
      collect()
      return run.deref() === undefined
    }
    await expect.poll(isForgotten).toBe(true)
  })
})
