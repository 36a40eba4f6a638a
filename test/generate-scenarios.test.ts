import type { RunResult } from 'engine/run'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadAddress } from './support/ports.ts'
import { runScript, startProxy, startScript, untilCancelled, untilInFlight } from './support/scripts.ts'
import { type Pair, startPair, startService, type Service } from './support/services.ts'

let pair: Pair
let secondary: Service
let env: Record<string, string>

beforeAll(async () => {
  pair = await startPair({ TOOL_DELAY_MS: '5' })
  secondary = await startService('agent-app', { TOOL_BASE: pair.tools.url, TOOL_DELAY_MS: '5' })
  env = { AGENT_BASE: pair.agent.url, SECONDARY_BASE: secondary.url }
})
afterAll(async () => {
  await secondary.stop()
  await pair.stop()
})

const generate = (args: string[], changes: Record<string, string> = {}) =>
  runScript('generate_scenarios.sh', args, { env: { ...env, ...changes } })

describe('generate_scenarios.sh with options', () => {
  it('shows what a run did and how to repeat it', async () => {
    let result = {} as RunResult
    const proxy = await startProxy(pair.agent.url, (answer, path) => {
      if (path.startsWith('/run')) result = JSON.parse(answer.body) as RunResult
      return answer
    })
    const { code, output } = await generate(
      ['--scenario', 'fanout', 'fanout=5', 'seed=x', 'conversation_id=a "b\\ c&d'],
      { AGENT_BASE: proxy.url },
    )
    proxy.close()
    expect(output).toMatch(/^fanout on primary: ok$/m)
    expect(output).toMatch(/^ {2}elapsed +\d\.\d{3} s, ideal \d\.\d{3} s$/m)
    expect(output).toContain(`\n  trace        ${result.trace_id}\n  seed`)
    expect(output).toMatch(/^ {2}seed +x$/m)
    expect(output).toMatch(/^ {2}spans +30: 25 of the agent, 5 of tool-service$/m)
    const atOnce = result.summary.max_in_flight
    expect(output).toContain(`  tools        calls 5, failed 0, retries 0, at most ${atOnce} at the same time\n`)
    // What it finds is decided by how long calls really took.
    expect(output).toContain(`  finding      ${result.finding?.text}\n`)
    expect(result.finding?.text).toMatch(/; planted 1, found \d+: [01] hits?, \d+ not planted, [01] missed$/)
    const replay = /replay +curl '(.*)'/.exec(output)?.[1] as string
    expect(replay).toContain(`${proxy.url}/run?scenario=fanout&fanout=5`)
    expect(new URL(replay).searchParams.get('conversation_id')).toBe('a "b\\ c&d')
    expect(output).not.toContain('\u001b')
    expect(code).toBe(0)
  })

  it('says where its trace is to be seen, where something shows it', async () => {
    const inspector = await startService('trace-inspector')
    const [scenario, ...rest] = ['--scenario', 'human', 'human_delay_s=0'] as const
    const seen = await generate([scenario, ...rest], { INSPECTOR_BASE: inspector.url })
    await inspector.stop()
    const [, traceId, link] = / {2}trace +(\w+)\n {2}look at it +(\S+)\n/.exec(seen.output) ?? []
    expect(link).toBe(`${inspector.url}/?trace=${traceId}`)
    // Another program at that port is no page.
    const agentAsPage = await generate([scenario, ...rest], { INSPECTOR_BASE: pair.agent.url })
    expect(agentAsPage.output).not.toContain('look at it')
  })

  it('runs on both agents', async () => {
    const { code, output } = await generate(['--agent', 'both', '--scenario=human', 'human_delay_s=0'])
    expect(output.match(/^human on \w+: ok$/gm)).toEqual(['human on primary: ok', 'human on secondary: ok'])
    expect(output).toContain(`${secondary.url}/run?`)
    expect(code).toBe(0)
  })

  it('exits 0 when the agent did not reach its goal, and says what that is', async () => {
    const { code, output } = await generate(['--scenario', 'chain', 'depth=3', 'error_rate=1'])
    expect(output).toContain('chain on primary: the agent did not reach its goal')
    expect(output).toContain('the run itself happened as it was asked for')
    expect(code).toBe(0)
  })

  it('lists scenarios and their parameters', async () => {
    const { code, output } = await generate(['--list'])
    expect(output).toMatch(/^dag {2}Branches fork.*\n {2}fanout=100 +1 to 5000: Branches\n/m)
    expect(output).toMatch(/^ {2}seed= +1 to 64 printable ASCII characters without blanks: Repeats every decision/m)
    expect(code).toBe(0)
  })

  it.each([
    [
      ['fanout', 'fanout=abc', 'colour=red'],
      /400 Bad query: colour=red: expected one of .*fanout=abc: expected a whole/,
    ],
    [['nothing'], /404 Unknown scenario: There is no scenario "nothing": the scenarios are fanout, chain/],
    [['stream', 'duration_s=0'], /400 Bad query: duration_s=0: expected a number from 0.1 to 3600/],
  ])('shows what the agent says of %j', async (words, expected) => {
    const { code, output } = await generate(['--scenario', ...words])
    expect(output).toMatch(expected)
    expect(code).toBe(1)
  })

  it('says which run it was that had no tools', async () => {
    const agent = await startService('agent-app', { TOOL_BASE: await deadAddress() })
    const { code, output } = await generate(['--scenario', 'react', 'seed=x'], { AGENT_BASE: agent.url })
    const streamed = await generate(['--scenario', 'stream'], { AGENT_BASE: agent.url })
    await agent.stop()
    expect(output).toMatch(
      /react on primary failed: 502 Tool-service unreachable: .*\n {2}trace +\w{32}\n {2}seed +x\n/,
    )
    expect(streamed.output).toMatch(/stream on primary failed: 502 Tool-service unreachable: .*\n {2}trace +\w{32}\n/)
    expect([code, streamed.code]).toEqual([1, 1])
  })

  it('says that an agent is not there', async () => {
    const { code, output } = await generate(['--scenario', 'dag'], { AGENT_BASE: await deadAddress() })
    expect(output).toMatch(/^The primary agent at \S+ has no scenarios: nothing listens there\. Is it running\?/)
    expect(code).toBe(1)
  })

  it('sends the parameters that were given and no others', async () => {
    const proxy = await startProxy(pair.agent.url)
    await generate(['--scenario', 'dag', 'fanout=3', 'seed='], { AGENT_BASE: proxy.url })
    proxy.close()
    expect(proxy.paths).toEqual(['/scenarios', '/run?scenario=dag&fanout=3&seed='])
  })

  it('counts the results of many runs', async () => {
    const args = ['--agent', 'both', '--scenario', 'retry', '--repeat', '6', '--parallel', '3', 'fanout=4']
    const allWell = await generate([...args, 'error_rate=0'])
    expect(allWell.output).toMatch(/12 runs of retry on primary and secondary, 3 at a time, in \d+ s\n {2}ok +12\b/)
    expect(allWell.output).toMatch(/ {2}times +min [\d.]+ s, median [\d.]+ s, p95 [\d.]+ s, max [\d.]+ s\n/)
    expect(allWell.code).toBe(0)
    const noneWell = await generate([...args, 'error_rate=1'])
    expect(noneWell.output).toMatch(/ {2}ok +0\n {2}failed +12 .*\n {2}refused +0\n {2}errors +0\n/)
    expect(noneWell.code).toBe(0)
  })

  it('counts refusals and errors apart', async () => {
    const agent = await startService('agent-app', { TOOL_BASE: pair.tools.url, MAX_TOOL_CALLS: '5' })
    const args = ['--scenario', 'fanout', '--repeat', '4', '--parallel', '4', 'fanout=5', 'concurrency=5']
    const refused = await generate([...args, 'delay_ms=1000', 'stragglers=0'], { AGENT_BASE: agent.url })
    const wrong = await generate([...args, 'jitter=9'], { AGENT_BASE: agent.url })
    await agent.stop()
    const counts = [...refused.output.matchAll(/^ {2}(?:ok|refused) +(\d)/gm)].map(([, count]) => Number(count))
    expect(counts[0]).toBeGreaterThan(0)
    expect(counts[1]).toBeGreaterThan(0)
    expect((counts[0] as number) + (counts[1] as number)).toBe(4)
    expect(refused.output).toContain('503 Too many runs')
    expect(wrong.output).toMatch(/ {2}errors +4 {2}400 Bad query: jitter=9: expected a number from 0 to 2\n/)
    expect([refused.code, wrong.code]).toEqual([1, 1])
  })

  it.each([
    [['--speed'], 'there is no option --speed: see --help'],
    [['fast'], '"fast" is neither an option nor PARAMETER=VALUE: see --help'],
    [['fanout=3'], 'which scenario? --scenario NAME says so, --list names them'],
    [['--agent', 'third'], '--agent takes primary, secondary or both, not "third"'],
    [['--scenario', 'dag', '--repeat', '0'], '--repeat takes a whole number from 1 to 1000000, not "0"'],
    [['--scenario', 'dag', '--parallel', '501'], '--parallel takes a whole number from 1 to 500, not "501"'],
    [['--scenario'], '--scenario takes a value'],
  ])('refuses %j', async (args, words) => {
    expect(await generate(args)).toEqual({ code: 2, output: `generate_scenarios.sh: ${words}\n` })
  })
})

describe('generate_scenarios.sh while it runs', () => {
  it('shows tokens as they come, and leaves no curl and no file behind on SIGINT', async () => {
    const script = await startScript('generate_scenarios.sh', ['--scenario', 'stream', 'ttft_ms=0'], { env })
    await script.shows(/^ {2}\w+ \w+ \w+ /m)
    await untilInFlight(pair.agent.url, 1)
    script.process.kill('SIGINT')
    expect((await script.ended).code).toBe(130)
    await untilCancelled(pair.agent, 'stream', 1)
    expect(await script.leftovers()).toEqual([])
  })

  it('ends all runs under way on SIGINT, and counts those that were done', async () => {
    const args = ['--scenario', 'human', '--repeat', '50', '--parallel', '5', 'human_delay_s=30']
    const script = await startScript('generate_scenarios.sh', args, { env })
    await untilInFlight(pair.agent.url, 5)
    script.process.kill('SIGINT')
    const { code, output } = await script.ended
    expect(code).toBe(130)
    expect(output).toMatch(/0 runs of human on primary, 5 at a time/)
    await untilCancelled(pair.agent, 'human', 5)
    expect(await script.leftovers()).toEqual([])
  })
})
