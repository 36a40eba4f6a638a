import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { deadAddress } from './support/ports.ts'
import { isAlive, startSupervisor, type Supervisor } from './support/supervisor.ts'

const started: Supervisor[] = []

/** A supervisor that is cleaned up after the test, whatever became of it. */
async function start(...args: Parameters<typeof startSupervisor>): Promise<Supervisor> {
  const supervisor = await startSupervisor(...args)
  started.push(supervisor)
  return supervisor
}

afterEach(async () => {
  for (const { pid, ended, services } of started.splice(0)) {
    for (const one of [...services().values(), pid]) killIfAlive(one)
    await ended
  }
})

/** It may end by itself at any moment. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' })
  }
}

const ready = /All services are ready/

async function get(port: number, path: string) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function expectGone(services: Map<string, number>): Promise<void> {
  const left = () => [...services].filter(([, pid]) => isAlive(pid)).map(([name]) => name)
  await expect.poll(left).toEqual([])
}

test('runs all services, each under its own name, and ends them on SIGTERM', async () => {
  const supervisor = await start({
    SERVICE_NAME: 'shop',
    AGENT_NAME: 'Mesh',
    PORT: '1',
    TOOL_BASE: 'http://127.0.0.1:1',
  })
  await supervisor.until(ready)
  const { AGENT_PORT, SECONDARY_PORT, TOOL_PORT, INSPECTOR_PORT } = supervisor.ports
  const pids = supervisor.services()
  expect([...pids.keys()].sort()).toEqual(['agent-app', 'agent-app-secondary', 'tool-service', 'trace-inspector'])
  expect((await get(TOOL_PORT, '/health')).body.service).toBe('synthetic-tool-service')
  expect((await get(AGENT_PORT, '/')).body).toMatchObject({ service: 'shop', agent: 'Mesh' })
  expect((await get(SECONDARY_PORT, '/')).body).toMatchObject({ service: 'shop-secondary', agent: 'SecondaryAgent' })
  for (const port of [AGENT_PORT, SECONDARY_PORT]) {
    expect((await get(port, '/run?scenario=fanout&fanout=1&delay_ms=1')).status).toBe(200)
  }
  expect(supervisor.output()).toMatch(/^agent-app {11}\| fanout ok /m)
  // It ends with where to look, and with what finds it.
  await supervisor.until(/\nopen \S+\n/)
  expect(supervisor.output()).toContain(`  export AGENT_BASE=http://127.0.0.1:${AGENT_PORT}\n`)
  expect(supervisor.output()).toMatch(`\nopen http://localhost:${INSPECTOR_PORT}\n`)

  process.kill(supervisor.pid, 'SIGTERM')
  expect(await supervisor.ended).toBe(0)
  await expectGone(pids)
})

test('traces go to the inspector, which knows the agents, unless the shell says where they go', async () => {
  const supervisor = await start({ OTEL_SDK_DISABLED: 'false', OTEL_EXPORTER_OTLP_ENDPOINT: '' })
  await supervisor.until(ready)
  const { AGENT_PORT, SECONDARY_PORT, INSPECTOR_PORT } = supervisor.ports
  for (const port of [AGENT_PORT, SECONDARY_PORT]) {
    const { body } = await get(port, '/run?scenario=fanout&fanout=1&delay_ms=1')
    const verified = await get(INSPECTOR_PORT, `/traces/${String(body.trace_id)}/verify?wait_s=200`)
    expect(verified.body.verdict).toBe('complete')
  }
  const nowhere = await deadAddress()
  const elsewhere = await start({ OTEL_SDK_DISABLED: 'false', OTEL_EXPORTER_OTLP_ENDPOINT: nowhere })
  await elsewhere.until(ready)
  await get(elsewhere.ports.AGENT_PORT, '/run?scenario=fanout&fanout=1&delay_ms=1')
  await elsewhere.until(new RegExp(`${nowhere}/v1/traces takes no spans`))
  expect((await get(elsewhere.ports.INSPECTOR_PORT, '/traces')).body).toMatchObject({ spans: 0 })
})

test.each([
  [['--help'], 0, /\nUSAGE npm start -- [^]*\n {2}AGENT_PORT\n {6}Port of the primary agent \(8080\)\n/],
  [['--port', '80'], 2, /^--port: expected one of --help\n[^]*\nUSAGE npm start -- /],
  [['fast'], 2, /^fast: expected an option\n[^]*\nUSAGE npm start -- /],
])('npm start -- %j is answered before anything starts', async (args, code, words) => {
  const supervisor = await start({}, 'node', args)
  expect(await supervisor.ended).toBe(code)
  expect(supervisor.output()).toMatch(words)
})

test('Ctrl-C in a terminal reaches npm and the supervisor, and npm hands it on: one stop, after the run that is under way', async () => {
  const supervisor = await start({}, 'npm')
  await supervisor.until(ready)
  const pids = supervisor.services()
  const answer = get(supervisor.ports.AGENT_PORT, '/run?scenario=chain&depth=20&delay_ms=50')
  await expect.poll(async () => (await get(supervisor.ports.AGENT_PORT, '/health')).body.in_flight).toBe(1)
  process.kill(-supervisor.pid, 'SIGINT')
  expect(await answer).toMatchObject({ status: 200, body: { ok: true } })
  expect(await supervisor.ended).toBe(0)
  expect(supervisor.output()).not.toMatch(/Asked twice/)
  await expectGone(pids)
})

test('a second signal well after the first ends all at once', async () => {
  const supervisor = await start()
  await supervisor.until(ready)
  const pids = supervisor.services()
  process.kill(pids.get('agent-app') as number, 'SIGSTOP')
  let hasEnded = false
  void supervisor.ended.then(() => (hasEnded = true))
  while (!hasEnded) {
    process.kill(supervisor.pid, 'SIGTERM')
    await sleep(100)
  }
  expect(await supervisor.ended).toBe(1)
  expect(supervisor.output()).toMatch(/Asked twice/)
  await expectGone(pids)
})

test('a service that hangs is killed after its deadline', async () => {
  const supervisor = await start({ DRAIN_TIMEOUT_S: '0', FLUSH_TIMEOUT_S: '0' })
  await supervisor.until(ready)
  const pids = supervisor.services()
  process.kill(pids.get('agent-app') as number, 'SIGSTOP')
  process.kill(supervisor.pid, 'SIGTERM')
  expect(await supervisor.ended).toBe(1)
  expect(supervisor.output()).toMatch(/agent-app did not end within 4 s and was killed/)
  await expectGone(pids)
})

test.each([
  ['before the services listen', /^/],
  ['once they are ready', ready],
])('SIGKILL of the supervisor leaves no process: %s', async (_when, moment) => {
  const supervisor = await start()
  await expect.poll(() => supervisor.services().size).toBe(4)
  await supervisor.until(moment)
  const pids = supervisor.services()
  process.kill(supervisor.pid, 'SIGKILL')
  expect(await supervisor.ended).toBe('SIGKILL')
  await expectGone(pids)
})

test('when a service dies it says which and how, and ends the others', async () => {
  const supervisor = await start()
  await supervisor.until(ready)
  const pids = supervisor.services()
  process.kill(pids.get('tool-service') as number, 'SIGKILL')
  expect(await supervisor.ended).toBe(1)
  expect(supervisor.output()).toMatch(
    `tool-service (port ${supervisor.ports.TOOL_PORT}, TOOL_PORT) was ended by SIGKILL; what it said last is above. Ending the others`,
  )
  await expectGone(pids)
})

test('when a service refuses its environment its words are shown', async () => {
  const supervisor = await start({ TOOL_ERROR_RATE: '2' })
  expect(await supervisor.ended).toBe(1)
  expect(supervisor.output()).toMatch(/^[a-z-]+ +\| +TOOL_ERROR_RATE=2: expected a number from 0 to 1$/m)
  expect(supervisor.output()).toMatch(/ended with exit code 1/)
})

test('a busy port is told before anything starts', async () => {
  const squatter = createServer().listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  const { port } = squatter.address() as AddressInfo
  const supervisor = await start({ SECONDARY_PORT: String(port) })
  expect(await supervisor.ended).toBe(1)
  expect(supervisor.output()).toContain(`agent-app-secondary: port ${port} on 127.0.0.1 is in use. SECONDARY_PORT`)
  expect(supervisor.output()).not.toMatch(/ \| /)
  squatter.close()
})

test.each([
  ['no number, too high', { AGENT_PORT: 'abc', TOOL_PORT: '99999' }, /AGENT_PORT=abc: expected.*\n.*TOOL_PORT=99999: /],
  [
    'the same twice',
    { AGENT_PORT: '21018', TOOL_PORT: '21018' },
    /AGENT_PORT=21018, TOOL_PORT=21018: expected a port each/,
  ],
])('bad ports are told at once: %s', async (_which, ports, message) => {
  const supervisor = await start(ports)
  expect(await supervisor.ended).toBe(1)
  expect(supervisor.output()).toMatch(message)
})
