import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadMix } from 'engine/mix/named'
import { plan, type PlannedRun } from 'engine/mix/plan'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStack, type Stack } from '../../trace-inspector/test/support/stack.ts'
import { offer, type Offer, type Offered } from '../load/offer.ts'
import { exitCodeOf, makeReport, type Report, rowOf } from '../load/report.ts'
import { runsInTime } from '../load/schedule.ts'
import { verifier } from '../load/verify.ts'

const script = fileURLToPath(new URL('../load.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'load-'))
const mixPath = join(folder, 'quick.yaml')
const mixText = `
rate: 20/s
runs:
  - { scenario: rag, weight: 3, params: { delay_ms: 2, llm_delay_ms: 1, ms_per_kb: 0 } }
  - { scenario: retry, params: { fanout: { lognormal: [4, 0.5], max: 8 }, delay_ms: 2, llm_delay_ms: 1, backoff_ms: 1 } }
  - { scenario: stream, params: { duration_s: 0.1, background_fanout: 2, tool_delay_ms: 2, ttft_ms: 1, token_interval_ms: 5 } }
faults: [{ kind: failing_tool, tool: search, rate: 1, prevalence: 0.3 }]
`

let stack: Stack
beforeAll(async () => {
  writeFileSync(mixPath, mixText)
  stack = await startStack()
})
afterAll(async () => {
  await stack.stop()
  rmSync(folder, { recursive: true })
})

const never = new AbortController().signal
const offerTo = (agents: string[], options: Partial<Offer> = {}) =>
  offer({
    mix: loadMix(mixPath),
    seed: 'a',
    durationMs: 2000,
    share: { index: 0, of: 1 },
    agents,
    // Longer than any machine is busy.
    patienceMs: 600_000,
    stop: never,
    abort: never,
    ...options,
  })

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Ended {
  code: number
  stdout: string
  stderr: string
}

function load(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}
const asked = () => ['--mix', mixPath, '--duration', '2s', '--agents', stack.agent.url]
const reportIn = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report

test('an agent that is stopped changes nothing of what is offered, and late answers count from when they were due', async () => {
  const durationMs = 8000
  const planned = [...runsInTime({ mix: loadMix(mixPath), seed: 'a', durationMs, share: { index: 0, of: 1 } })]
  const [stopAt, goOnAt] = [1000, 6000].map((ms) => planned.findIndex(({ atMs }) => atMs >= ms)) as [number, number]
  const begun: PlannedRun[] = []
  const { process: agent } = stack.agent
  const { offered } = await offerTo([stack.agent.url], {
    durationMs,
    begins(run) {
      // Only what goes on being offered lets it go on.
      if (begun.push(run) === stopAt) agent.kill('SIGSTOP')
      if (begun.length === goOnAt) agent.kill('SIGCONT')
    },
  })
  expect(begun).toEqual(planned)
  expect(offered.map(({ run }) => run)).toEqual(planned)
  for (const { outcome } of offered) expect(outcome).toMatch(/ok$/)
  // None of these was answered before the agent went on, which was not before the time of the run that let it.
  const wentOnMs = planned[goOnAt - 1]?.atMs ?? 0
  const stopped = offered.slice(stopAt + 5, goOnAt - 1)
  expect(stopped.length).toBeGreaterThan(60)
  for (const { run, latencyMs } of stopped) expect(latencyMs).toBeGreaterThanOrEqual(wentOnMs - run.atMs)
  const report = makeReport(
    { mix: 'quick', mix_sha256: '', seed: 'a', duration_ms: durationMs },
    [],
    offered.map(rowOf),
  )
  expect(report.offered).toBe(planned.length)
  expect(report.latency_ms.p90).toBeGreaterThanOrEqual((wentOnMs - 2000) * 0.8)
})

test('three shards add up to the load of one, run by run', async () => {
  const shard = (name: string, args: string[], env = {}) =>
    load([...asked(), '--seed', 's', '--report', name === '-' ? name : join(folder, name), ...args], env)
  const ended = await Promise.all([
    shard('0.json', ['--shard', '0/3']),
    // As the log of a container has it, with what else was said.
    shard('-', ['--shard', '1/3']).then((done) => {
      writeFileSync(join(folder, '1.json'), done.stderr + done.stdout)
      return done
    }),
    shard('2.json', [], { JOB_COMPLETION_INDEX: '2', JOB_COMPLETIONS: '3' }),
  ])
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
  const one = await shard('one.json', [])
  expect(one.code).toBe(0)

  const paths = ['2.json', '0.json', '1.json'].map((name) => join(folder, name))
  const merged = await load(['merge', ...paths, '--report', join(folder, 'merged.json')])
  expect(merged).toMatchObject({ code: 0, stderr: '' })
  const decided = ({ runs }: Report) =>
    runs.map((run) => ({ ...run, late_ms: undefined, latency_ms: undefined, trace_id: undefined }))
  const [all, whole] = [reportIn('merged.json'), reportIn('one.json')]
  expect(decided(all)).toEqual(decided(whole))
  const figures = ({ offered, achieved, refused, failed, spans_owed, outcomes, scenarios, plan }: Report) => [
    offered,
    achieved,
    refused,
    failed,
    spans_owed,
    outcomes,
    scenarios,
    plan,
  ]
  expect(figures(all)).toEqual(figures(whole))
  // Quantiles are those of the runs of all shards, not of their quantiles.
  expect(all.latency_ms.max).toBe(Math.max(...all.runs.map(({ latency_ms }) => latency_ms)))
  expect(new Set(decided(all).map(({ outcome }) => outcome))).toEqual(new Set(['ok', 'not_ok']))

  const missing = await load(['merge', ...paths.slice(1)])
  expect(missing).toMatchObject({ code: 1, stdout: expect.stringContaining('2 of 3 shards: not whole') as string })
  const twice = await load(['merge', paths[0] as string, ...paths])
  expect(twice).toMatchObject({ code: 1, stderr: expect.stringMatching(/both report the share 2\/3/) as string })
  await load([...asked(), '--seed', 'other', '--report', join(folder, 'other.json')])
  const others = await load(['merge', join(folder, 'other.json'), ...paths])
  expect(others).toMatchObject({ code: 1, stderr: expect.stringMatching(/0?2.json reports another plan/) as string })
})

test('every run that was answered is verified, and owes what has arrived', async () => {
  const args = ['--verify', 'all', '--inspector', stack.inspector.url, '--rate', '5/s', '--seed', 'v']
  const { code, stdout } = await load([...asked(), ...args, '--report', join(folder, 'verified.json')])
  const report = reportIn('verified.json')
  expect(report.verified).toEqual({ complete: report.offered })
  expect(report.spans_owed).toBe(report.runs.reduce((sum, { spans = 0 }) => sum + spans, 0))
  expect(stdout).toMatch(new RegExp(`^verified {2}${report.offered} complete$`, 'm'))
  expect(code).toBe(0)
})

test('what is refused is counted and not asked again, what fails is told by its reason', async () => {
  const asks: string[] = []
  const agent = createServer((request, response) => {
    asks.push(request.url ?? '')
    const turn = asks.length % 3
    if (turn === 0) request.socket.destroy()
    else if (turn === 1) response.writeHead(503, { 'retry-after': '1' }).end('{}')
    else response.writeHead(500).end('{}')
  })
  const url = await listen(agent)
  const { offered } = await offerTo([url])
  agent.close()
  const report = makeReport(
    { mix: '', mix_sha256: '', seed: 'a', duration_ms: 2000 },
    [{ index: 0, of: 1, agents: [url], started_at: '', whole: true }],
    offered.map(rowOf),
  )
  expect(asks).toHaveLength(offered.length)
  expect(report).toMatchObject({ offered: asks.length, achieved: 0, refused: report.why['503'] })
  expect(report.refused + report.failed).toBe(asks.length)
  expect(Object.keys(report.why).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['500', '503', 'UND_ERR_SOCKET'])
  expect(report.latency_ms.p50).toBeNull()
  expect(exitCodeOf(report)).toBe(1)
})

test('who gives no answer in time has failed', async () => {
  const agent = createServer(() => {})
  const url = await listen(agent)
  const { offered } = await offerTo([url], { durationMs: 300, patienceMs: 10 })
  agent.closeAllConnections()
  agent.close()
  expect(new Set(offered.map(({ why }) => why))).toEqual(new Set(['no answer in time']))
})

test('a load that is stopped is whole where all had been offered by then', async () => {
  const planned = [...runsInTime({ mix: loadMix(mixPath), seed: 'a', durationMs: 500, share: { index: 0, of: 1 } })]
  const offerUntil = async (last: number) => {
    const stop = new AbortController()
    const waiting: ServerResponse[] = []
    let asked = 0
    const agent = createServer((_, response) => {
      waiting.push(response)
      if (++asked < last) return
      stop.abort()
      for (const response of waiting.splice(0)) response.writeHead(500).end('{}')
    })
    const { offered, whole } = await offerTo([await listen(agent)], { durationMs: 500, stop: stop.signal })
    agent.close()
    return { offered: offered.length, whole }
  }
  expect(await offerUntil(planned.length)).toEqual({ offered: planned.length, whole: true })
  const { offered, whole } = await offerUntil(2)
  expect(offered).toBeLessThan(planned.length)
  expect(whole).toBe(false)
})

test('what is not verified when nobody waits any more is not known', async () => {
  const inspector = createServer(() => abort.abort())
  const abort = new AbortController()
  const verify = verifier(await listen(inspector), 'a', 1, abort.signal)
  const [run] = runsInTime({ mix: loadMix(mixPath), seed: 'a', durationMs: 2000, share: { index: 0, of: 1 } })
  const answered = Array.from({ length: 20 }, (_, index): Offered => {
    const traceId = index.toString(16).padStart(32, '0')
    return { run: run as PlannedRun, outcome: 'ok', traceId, lateMs: 0, latencyMs: 1 }
  })
  await Promise.all(answered.map(verify))
  inspector.close()
  expect(new Set(answered.map(({ verdict }) => verdict))).toEqual(new Set(['unknown']))
})

test('runs of conversations come between the units that arrive meanwhile, in the order of their times', () => {
  const mix = loadMix('support')
  const durationMs = 3_600_000
  const runs = [...runsInTime({ mix, seed: 'a', durationMs, share: { index: 0, of: 1 } })]
  expect(runs.map(({ atMs }) => atMs)).toEqual(runs.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
  const expected: PlannedRun[] = []
  for (const unit of plan(mix, 'a')) {
    if (unit.atMs >= durationMs) break
    expected.push(...unit.runs.filter(({ atMs }) => atMs < durationMs))
  }
  const byPlan = (a: PlannedRun, b: PlannedRun) => a.unit - b.unit || a.turn - b.turn
  expect(runs.toSorted(byPlan)).toEqual(expected)
})

test.each([
  [['--rate', '20'], /--rate 20: expected a rate above 0/],
  [['--duration', '0s'], /--duration 0s: expected a time with its unit/],
  [['--shard', '3/3', '--seed', 'a'], /--shard 3\/3: expected a share such as 0\/3/],
  [['--shard', '1/3'], /--shard 1\/3: expected --seed beside it/],
  [['--verify', '2'], /--verify 2: expected a share from 0 to 1, or all/],
  [['--agents', 'here'], /--agents here: expected an http or https URL/],
])('%s is refused with what was expected', async (args, message) => {
  const { code, stderr } = await load(args)
  expect(stderr).toMatch(message)
  expect(code).toBe(2)
})

test('a mix that is none, a report that cannot be written and a file that is none are told in a sentence', async () => {
  expect(await load(['--mix', 'defualt'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^defualt is neither/) as string,
  })
  const unwritable = await load([...asked(), '--report', join(folder, 'nowhere', 'report.json')])
  expect(unwritable).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/report\.json cannot be written: ENOENT/) as string,
  })
  expect(await load(['merge', mixPath])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/quick\.yaml is no report/) as string,
  })
})
