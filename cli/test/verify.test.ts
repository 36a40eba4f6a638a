import type { Compared } from 'findings/planted'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { scenarioNames } from 'contract/scenarios'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { exportingTo, startPair, startService } from '../../scripts/pair.ts'
import { deadAddress } from '../../test/support/ports.ts'
import type { Outcome } from '../verify/runs.ts'
import { first, only } from '../../trace-inspector/test/support/meddler.ts'
import { startStack, type Stack } from '../../trace-inspector/test/support/stack.ts'

const script = fileURLToPath(new URL('../verify.ts', import.meta.url))

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterEach(() => {
  stack.meddler.meddle = (parcel) => [parcel]
})
afterAll(() => stack.stop())

interface Ended {
  code: number
  stdout: string
  stderr: string
}

function runScript(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

const verify = (...args: string[]) =>
  runScript(['--agent', stack.agent.url, '--inspector', stack.inspector.url, ...args])

/** Of a hand-over: the run, what was severed of it, and what it goes on as. */
const expected = scenarioNames.flatMap((name) => (name === 'handoff' ? [name, name, name] : name))

test('every scenario passes, with its defaults, in one table', async () => {
  const { code, stdout } = await verify()
  // A busy machine may have disturbed any of them, which is said before it.
  const lines = stdout
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('Disturbed: '))
  expect(lines[0]).toMatch(/^scenario +verdict +spans +s +trace +what its spans reveal$/)
  expect(lines.slice(1, -2).map((line) => line.split(/ +/).slice(0, 2))).toEqual(
    expected.map((name) => [name, 'complete']),
  )
  expect(lines.at(-2)).toMatch(/^Not compared: attributes, events and scopes of SERVER spans/)
  expect(lines.at(-1)).toBe(`All ${expected.length} traces passed, says trace-inspector at ${stack.inspector.url}.`)
  expect(code).toBe(0)
})

test('takes names with parameters, and runs them as often as it is told', async () => {
  const { code, stdout } = await verify(
    '--runs',
    '2',
    '--json',
    '--scenario',
    'fanout?fanout=2&delay_ms=1',
    'react?max_steps=1',
  )
  const { passed, runs } = JSON.parse(stdout) as { passed: boolean; runs: Outcome[] }
  expect(runs.map(({ scenario, verification }) => [scenario, verification?.verdict])).toEqual([
    ['fanout', 'complete'],
    ['react', 'complete'],
    ['fanout', 'complete'],
    ['react', 'complete'],
  ])
  expect(runs[0]?.verification?.counts.expected).toBe(15)
  for (const { reveals, planted } of runs)
    expect(reveals?.endsWith(`; ${(planted as Compared).text}`), reveals ?? '').toBe(true)
  expect([passed, code]).toEqual([true, 0])
})

test('a run that the machine had the say in says so before anything else', async () => {
  // A slowdown that is smaller than any call over HTTP takes.
  const { code, stdout } = await verify('--scenario', 'fanout?fanout=2&delay_ms=1&stragglers=1&straggler_factor=1.01')
  expect(stdout).toMatch(/^Disturbed: the machine made calls up to [\d.]+ ms longer .*\nfanout +complete /m)
  expect(code).toBe(0)
})

test('what is wrong is shown, and the exit code says so', async () => {
  stack.meddler.meddle = only(
    first(({ span }) => span.name === 'checkpoint'),
    () => [],
  )
  const { code, stdout } = await verify('--wait', '1', '--scenario', 'human?human_delay_s=0')
  expect(stdout).toMatch(/^human +incomplete +12 of 13 /m)
  expect(stdout).toMatch(
    /^ {2}missing 1:\n {2}missing [0-9a-f]{16} GET \/run > invoke_workflow human > checkpoint \[checkpoint\]/m,
  )
  expect(stdout).toMatch(/^1 of 1 traces did not pass/m)
  expect(code).toBe(1)
})

test('a trace that is absent passes only with --sampled', async () => {
  const other = await stack.run('scenario=human&human_delay_s=0')
  await stack.arrived(other.trace_id, other.spans.total)
  stack.meddler.meddle = () => []
  const args = ['--wait', '1', '--scenario', 'human?human_delay_s=0']
  expect((await verify(...args)).code).toBe(1)
  const { code, stdout } = await verify(...args, '--sampled')
  expect(stdout).toMatch(/^human +absent +0 of 13 /m)
  expect(code).toBe(0)
})

test('a run that the agent refuses is told, and the others go on', async () => {
  const { code, stdout } = await verify('--scenario', 'fanout?fanout=0', 'human?human_delay_s=0')
  expect(stdout).toMatch(/^fanout +failed .*fanout=0: expected a whole number from 1 to 10000/m)
  expect(stdout).toMatch(/^human +complete /m)
  expect(code).toBe(1)
})

test.each([
  [['--runs', 'many'], /--runs many: expected a whole number from 1 to 10000/],
  [['--agent', 'localhost'], /--agent localhost: expected an http or https URL/],
  [['--from', 'zipkin=http://x'], /--from zipkin=http:\/\/x: expected jaeger=URL/],
  [['fanout'], /fanout: expected --scenario before it/],
  [['--frm'], /--frm: expected one of --agent, --inspector, /],
  [['--no-json'], /--no-json: expected one of /],
  [['--json=yes'], /--json yes: expected no value/],
  [['--runs'], /--runs: expected N after it/],
])('%j is told to be wrong, with the usage', async (args, message) => {
  const { code, stderr } = await runScript(args)
  expect(stderr).toMatch(message)
  expect(stderr).toMatch('npm run verify -- [OPTIONS]')
  expect(code).toBe(2)
})

test('a scenario that the agent has not is told, with those that it has', async () => {
  const { code, stderr } = await verify('--scenario', 'fanin')
  expect(stderr).toMatch('--scenario fanin: expected one of fanout, chain, retry')
  expect(code).toBe(2)
})

test('whoever is not there is named', async () => {
  const nobody = await deadAddress()
  const noInspector = await runScript(['--ready', '0', '--agent', stack.agent.url, '--inspector', nobody])
  expect([noInspector.code, noInspector.stderr]).toEqual([
    1,
    `There is no trace-inspector at ${nobody} (ECONNREFUSED). npm start starts everything, docker-compose up --build --detach does so in containers.\n`,
  ])
  const noAgent = await runScript(['--ready', '0', '--agent', nobody, '--inspector', stack.inspector.url])
  expect(noAgent.stderr).toMatch(`There is no agent-app at ${nobody}`)
  // Another service at that address will never be one.
  const noTools = await runScript(['--agent', stack.inspector.url, '--inspector', stack.inspector.url])
  expect([noTools.code, noTools.stderr]).toEqual([1, expect.stringContaining('agent-app answered 404')])
})

test('services that come later are waited for, and --json prints JSON and nothing else', async () => {
  const later = await deadAddress()
  const inspector = await startService('trace-inspector', { AGENT_URLS: later })
  const args = ['--agent', later, '--inspector', inspector.url, '--json', '--scenario', 'human?human_delay_s=0']
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = [child.stdout, child.stderr].map((stream) => text(stream))
  await once(child.stderr, 'readable')
  const pair = await startPair(exportingTo(inspector.url), { PORT: new URL(later).port })
  const [[code], [stdout = '', stderr]] = await Promise.all([once(child, 'close'), Promise.all(texts)])
  await pair.stop()
  await inspector.stop()
  expect(stderr).toContain(`There is no agent-app at ${later} (ECONNREFUSED). Waiting for it, up to 60 s: npm start`)
  expect((JSON.parse(stdout) as { runs: Outcome[] }).runs).toHaveLength(1)
  expect(code).toBe(0)
})

test('the environment says where services are, as it does to scripts, and the help tells what holds', async () => {
  const { code, stdout } = await runScript(['--help'], { AGENT_PORT: '1', INSPECTOR_BASE: 'http://there' })
  expect(stdout).toMatch(/--agent=<URL> .*\(Default: http:\/\/127\.0\.0\.1:1\)/)
  expect(stdout).toMatch(/--inspector=<URL> .*\(Default: http:\/\/there\)/)
  expect(code).toBe(0)
})
