import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from 'engine/scenarios/index'
import { listen } from './support/apps.ts'
import { deadAddress } from './support/ports.ts'
import { runScript, startProxy, startScript, untilCancelled, untilInFlight } from './support/scripts.ts'
import { exportingTo, type Pair, startPair, startService } from './support/services.ts'

let pair: Pair
let nowhere: string

beforeAll(async () => {
  pair = await startPair({ TOOL_DELAY_MS: '5' })
  nowhere = await deadAddress()
})
afterAll(() => pair.stop())

/** What failed, without how long it took to find that. */
const failuresIn = (output: string) =>
  output
    .split('\n')
    .filter((line) => line.includes('FAIL'))
    .map((line) =>
      line
        .trim()
        .replaceAll(/ {2,}/g, ' ')
        .replace(/ after \d+ s:/, ':'),
    )

/** What the script ends with where so many checks passed, and all did. */
const passed = (checks: number) => new RegExp(`\\n${checks} passed, 0 failed\\n$`)

describe('sanity_check.sh', () => {
  it('passes where the primary agent and tool-service answer by default, and says that the secondary was skipped', async () => {
    const usual = { 8080: pair.agent.url, 8081: pair.tools.url }
    const { code, output } = await runScript('sanity_check.sh', ['--quick'], { usual })
    expect(output).toMatch(/secondary agent .*:8082\n +skipped: nothing listens there, and SECONDARY_BASE is not set\n/)
    expect(output).toMatch(passed(scenarios.length + 9))
    for (const { name } of scenarios) expect(output).toMatch(new RegExp(` ok +${name} .* trace [0-9a-f]{32}`))
    expect(output.match(/^ +(disturbed by the machine; )?(planted \d+, found \d+: |nothing planted, )/gm)).toHaveLength(
      scenarios.length,
    )
    expect(output).toMatch(/ok {4}replay .* decides the same again/)
    expect(output).toMatch(/ok {4}bad request .*400 Bad query: fanout=abc: expected a whole number/)
    expect(code).toBe(0)
  })

  it('checks the secondary agent too where it answers', async () => {
    const secondary = await startService('agent-app', { TOOL_BASE: pair.tools.url, SERVICE_NAME: 'the-other' })
    const env = { AGENT_BASE: pair.agent.url, SECONDARY_BASE: secondary.url, TOOL_BASE: pair.tools.url }
    const { code, output } = await runScript('sanity_check.sh', ['--quick'], { env })
    await secondary.stop()
    expect(output).toContain('the-other, 0 in flight')
    expect(output).toMatch(passed(2 * scenarios.length + 15))
    expect(code).toBe(0)
  })

  it('says at once that nothing is running, and what to do', async () => {
    const { code, output } = await runScript('sanity_check.sh', [])
    expect(output).toBe(
      'Nothing is running (at http://localhost:8080 nothing listens there): npm start starts everything, docker-compose up --build --detach does so in containers.\n',
    )
    expect(code).toBe(1)
  })

  it('takes other programs at these ports for what they are', async () => {
    const other = createServer((_req, res) => res.writeHead(404, { 'content-type': 'text/html' }).end('<p>no'))
    const url = await listen(other)
    const stranger = { 8082: url, 8081: url, 4318: url, 4319: url }
    const alone = await runScript('sanity_check.sh', [], { usual: { 8080: url, ...stranger } })
    expect(alone.output).toMatch(/^Nothing is running \(at \S+ 404 text\/html, which is no answer of these services\)/)
    const beside = await runScript('sanity_check.sh', ['--quick'], { usual: { 8080: pair.agent.url, ...stranger } })
    other.close()
    expect(beside.output.match(/skipped: 404 text\/html, which is no answer of these services/g)).toHaveLength(2)
    expect(beside.output).toMatch(passed(scenarios.length + 6))
    expect([alone.code, beside.code]).toEqual([1, 0])
  })

  it('asks trace-inspector whether all traces arrived, and links to them', async () => {
    const address = await deadAddress()
    const inspector = await startService('trace-inspector', { AGENT_URLS: address })
    const traced = await startPair(exportingTo(inspector.url), { PORT: new URL(address).port })
    const proxy = await startProxy(inspector.url, (answer) => ({
      ...answer,
      body: answer.body.replace(/"verdict":"\w+"/, '"verdict":"forgotten","note":"it was restarted since"'),
    }))
    const env = { AGENT_BASE: traced.agent.url }
    const { output } = await runScript('sanity_check.sh', ['--quick'], { env, usual: { 4319: proxy.url } })
    proxy.close()
    await traced.stop()
    await inspector.stop()
    for (const { name } of scenarios) {
      expect(output).toMatch(new RegExp(` ok +${name} .* http://localhost:4319/\\?trace=[0-9a-f]{32}\n`))
    }
    expect(output).toMatch(/skip {2}arrival +fanout is forgotten: it was restarted since\n/)
    expect(output).toMatch(passed(scenarios.length + 6))
  })

  it('--where says what is ready and where, and what is not', async () => {
    const inspector = await startService('trace-inspector')
    const usual = { 8080: pair.agent.url, 8081: pair.tools.url, 4318: inspector.url, 4319: inspector.url }
    const { code, output } = await runScript('sanity_check.sh', ['--where'], { usual })
    await inspector.stop()
    expect(output.replace(/^ {2}waiting for .*\n/m, '')).toBe(
      [
        '  ready      agent-app            http://localhost:8080',
        '  not ready  agent-app-secondary  http://localhost:8082: nothing listens there',
        '  ready      tool-service         http://localhost:8081',
        '  ready      trace-inspector      http://localhost:4319',
        '  ready      otel-collector       http://localhost:4318, gRPC on 4317; its spans: docker logs -f otel-collector',
        '',
        'open http://localhost:4319',
        '',
      ].join('\n'),
    )
    expect(code).toBe(0)
  })

  it('fails for every address that was named and does not answer', async () => {
    const env = { AGENT_BASE: nowhere, SECONDARY_BASE: nowhere, TOOL_BASE: nowhere }
    const { code, output } = await runScript('sanity_check.sh', ['--wait', '0'], { env })
    expect(failuresIn(output)).toEqual([
      `FAIL ready not: ${nowhere}/ready: nothing listens there`,
      `FAIL ready not: ${nowhere}/ready: nothing listens there`,
      'FAIL health nothing listens there',
      'FAIL tool call nothing listens there',
      'FAIL failing tool nothing listens there',
    ])
    expect(output).toMatch(/\n0 passed, 5 failed\n$/)
    expect(code).toBe(1)
  })

  it("says in the agent's own words why it is not ready", async () => {
    const agent = await startService('agent-app', { TOOL_BASE: nowhere })
    const env = { AGENT_BASE: agent.url }
    const { code, output } = await runScript('sanity_check.sh', ['--wait', '0'], { env })
    await agent.stop()
    expect(failuresIn(output)).toEqual([
      `FAIL ready not: ${agent.url}/ready: 503 Not ready: There is no tool-service at ${nowhere}`,
    ])
    expect(code).toBe(1)
  })

  it('waits for an agent that comes later, and says what for', async () => {
    const later = await deadAddress()
    const env = { AGENT_BASE: later }
    const script = await startScript('sanity_check.sh', ['--quick', '--wait', '60'], { env })
    await script.shows(`waiting for ${later}/ready, up to 60 s: nothing listens there`)
    const agent = await startService('agent-app', { TOOL_BASE: pair.tools.url, PORT: new URL(later).port })
    const { code, output } = await script.ended
    await agent.stop()
    expect(output).toMatch(/ok {4}ready +after \d+ s\n/)
    expect(output).toMatch(passed(scenarios.length + 6))
    expect(code).toBe(0)
  })

  it('sees what is wrong with an answer', async () => {
    const faults: Record<string, (body: string) => string> = {
      '/health': (body) => body.replace('"status":"ok"', '"status":"ill"'),
      '/run?scenario=fanout&fanout=abc': (body) => body.replaceAll('"fanout"', '"other"'),
      '/run?scenario=fanout': (body) => body.replace(/"execute_tool search":\d+/, '"execute_tool search":0'),
      '/run?scenario=chain': (body) => body.replace('"scenario":"chain"', '"scenario":"links"'),
      '/run?scenario=retry': (body) => body.replace(/"output_tokens":\d+/, '"output_tokens":0'),
      '/run?scenario=dag': (body) => body.replace('"ok":true', '"ok":false'),
      '/run?scenario=react': (body) => body.replace(/"trace_id":"\w+"/, '"trace_id":"?"'),
      '/run?scenario=human': (body) => body.replace('"human_delay_s":0.2', '"human_delay_s":1'),
      '/run?scenario=rag': (body) =>
        body.replace(/"total":\d+/, '"total":10').replace('"process_chunk":3', '"process_chunk":2'),
      '/run?scenario=overflow': (body) => body.replace(/"llm_calls":\d+/, '"llm_calls":1'),
      '/run?scenario=loop': (body) => body.replace(/"llm_calls":\d+/, '"llm_calls":1'),
      '/run?scenario=silent': (body) => body.replace(/"llm_calls":\d+/, '"llm_calls":1'),
      '/run?scenario=hallucination': (body) => body.replace('"tool_errors":1', '"tool_errors":0'),
      '/stream': (body) => body.replace('token 3\n', '').replace('{"index":3,"text"', '{"index":4,"text"'),
    }
    let retries = 0
    const proxy = await startProxy(pair.agent.url, (answer, path) => {
      const key = Object.keys(faults)
        .filter((start) => path.startsWith(start))
        .sort((a, b) => b.length - a.length)[0]
      // The first retry is right: it is the replay that differs.
      if (key === undefined || (path.includes('retry') && retries++ === 0)) return answer
      return { ...answer, body: (faults[key] as (body: string) => string)(answer.body) }
    })
    const env = { AGENT_BASE: proxy.url }
    const { code, output } = await runScript('sanity_check.sh', ['--quick'], { env })
    proxy.close()
    expect(failuresIn(output)).toEqual([
      'FAIL health its status is "ill"',
      expect.stringMatching(/^FAIL bad request it does not name fanout: 400 Bad query/),
      expect.stringMatching(/^FAIL fanout 105 spans in all, but 101 by name \(trace \w{32}\)$/),
      expect.stringMatching(/^FAIL chain it is a run of links/),
      expect.stringMatching(/^FAIL replay seed \w+ decided .*output_tokens=0.*, before: .*output_tokens=[1-9]/),
      expect.stringMatching(/^FAIL dag ok is false, though no tool call failed/),
      expect.stringMatching(/^FAIL react its trace id is \?/),
      expect.stringMatching(/^FAIL human human_delay_s was 1, asked for 0.2/),
      expect.stringMatching(/^FAIL rag 10 spans, expected 11/),
      'FAIL stream "token 4" came where token 3 was due',
      'FAIL stream events token 4 came where token 3 was due',
      expect.stringMatching(/^FAIL loop \d+ spans, expected \d+/),
      expect.stringMatching(/^FAIL silent \d+ spans, expected \d+/),
      expect.stringMatching(/^FAIL hallucination 0 tool calls failed at an error_rate of 0/),
      expect.stringMatching(/^FAIL overflow \d+ spans, expected \d+/),
    ])
    expect(code).toBe(1)
  })

  it('leaves no curl and no file behind on SIGINT in mid-run', async () => {
    const env = { AGENT_BASE: pair.agent.url, SECONDARY_BASE: nowhere, TOOL_BASE: nowhere }
    const script = await startScript('sanity_check.sh', [], { env })
    // The stream, 20 s long, is the last of the scenarios.
    await script.shows('ok    rag')
    await untilInFlight(pair.agent.url, 1)
    script.process.kill('SIGINT')
    expect((await script.ended).code).toBe(130)
    await untilCancelled(pair.agent, 'stream', 1)
    expect(await script.leftovers()).toEqual([])
  })

  it('explains itself, and refuses options that it does not have', async () => {
    const help = await runScript('sanity_check.sh', ['--help'])
    expect(help).toMatchObject({ code: 0, output: expect.stringContaining('Usage: ./sanity_check.sh') })
    const unknown = await runScript('sanity_check.sh', ['--fast'])
    expect(unknown).toEqual({ code: 2, output: 'sanity_check.sh: there is no --fast: see --help\n' })
  })
})
