import { scenarioNames } from 'contract/scenarios'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deadAddress } from './support/ports.ts'
import { runScript, startProxy, startScript } from './support/scripts.ts'
import { type Pair, startPair } from './support/services.ts'

let pair: Pair
let env: Record<string, string>

beforeAll(async () => {
  pair = await startPair({ TOOL_DELAY_MS: '5' })
  // One agent plays both.
  env = { AGENT_BASE: pair.agent.url, SECONDARY_BASE: pair.agent.url }
})
afterAll(() => pair.stop())

describe("generate_scenarios.sh's menu", () => {
  const menu = (input: string[], changes: Record<string, string> = {}) =>
    runScript('generate_scenarios.sh', [], { env: { ...env, ...changes }, input: input.join('\n') })

  it('goes from agent to scenario to parameters, and sends what was changed', async () => {
    const proxy = await startProxy(pair.agent.url)
    const input = ['1', 'rag', 'rag_chunks=2', '2', '1', 'seed=s', 'seed=', '', 'q']
    const { code, output } = await menu(input, { AGENT_BASE: proxy.url })
    proxy.close()
    expect(output).toMatch(/^ {2}1 \* rag_chunks +2 {2}\(5\) {2}1 to \d+: \w+/m)
    expect(output).toMatch(/^rag on primary: ok$/m)
    expect(output).toContain('generate_scenarios.sh --agent primary --scenario rag rag_chunks=2 rag_chunk_size_kb=1\n')
    expect(proxy.paths.at(-1)).toBe('/run?scenario=rag&rag_chunks=2&rag_chunk_size_kb=1')
    expect(code).toBe(0)
  })

  it('asks again after wrong input', async () => {
    const input = ['4', 'both', '99', 'chain', 'width=2', 'depth', '0', '1.5', '2', 'mode=wide', 'flat', '', 'q']
    const { code, output } = await menu(input)
    expect(output).toContain('"4" is none of 1, 2, 3, primary, secondary, both.')
    expect(output).toContain('"99" is neither a scenario nor its number.')
    expect(output).toContain('"width" is neither a parameter of chain nor its number.')
    expect(output).toContain('depth= (a whole number from 1 to 5000; empty is the default, 60)')
    expect(output).toContain('depth=0: expected a whole number from 1 to 5000')
    expect(output).toContain('depth=1.5: expected a whole number from 1 to 5000')
    expect(output).toContain('mode=wide: expected one of nested, flat')
    expect(output).toContain('--agent both --scenario chain depth=2 mode=flat\n')
    expect(output.match(/^chain on \w+: ok$/gm)).toEqual(['chain on primary: ok', 'chain on secondary: ok'])
    expect(code).toBe(0)
  })

  it('shows what the agent says of parameters that do not go together, and asks for them again', async () => {
    const { code, output } = await menu(['1', 'fanout', 'fanout=3', 'stragglers=4', '', 'stragglers=1', '', 'q'])
    expect(output).toMatch(/fanout on primary failed: 409 Clashing parameters: stragglers=4: expected/)
    expect(output).toMatch(/^fanout on primary: ok$/m)
    expect(code).toBe(0)
  })

  it('says which agent is not there, and asks for another', async () => {
    const { code, output } = await menu(['1', '2', 'q'], { AGENT_BASE: await deadAddress() })
    expect(output).toMatch(/1 {2}primary .* nothing listens there\n/)
    expect(output).toMatch(/The primary agent at .* has no scenarios/)
    expect(output).toMatch(/^ {2}1 {2}fanout/m)
    expect(code).toBe(0)
  })

  it('has a new scenario by itself', async () => {
    const proxy = await startProxy(pair.agent.url, (answer, path) =>
      path === '/scenarios'
        ? {
            ...answer,
            body: `${answer.body}debate\t/run?scenario=fanout\tAgents disagree\trounds=3 seed=\ta whole number from 1 to 9: Rounds\ttext: Seed\n`,
          }
        : answer,
    )
    const { output } = await menu(['1', 'debate'], { AGENT_BASE: proxy.url })
    proxy.close()
    expect(output).toMatch(new RegExp(`^ *${scenarioNames.length + 1} {2}debate +Agents disagree$`, 'm'))
    expect(output).toMatch(/^ {2}1 {3}rounds +3 {2}1 to 9: Rounds$/m)
  })

  it.each([[''], ['1\n'], ['1\nfanout\n'], ['1\nhuman\n1\n']])(
    'leaves cleanly at the end of the input %j',
    async (input) => {
      const script = await startScript('generate_scenarios.sh', [], { env, input })
      expect((await script.ended).code).toBe(0)
      expect(await script.leftovers()).toEqual([])
    },
  )

  it('leaves on SIGINT at a prompt', async () => {
    const script = await startScript('generate_scenarios.sh', [], { env })
    await script.shows('Which?')
    script.process.kill('SIGINT')
    expect((await script.ended).code).toBe(130)
    expect(await script.leftovers()).toEqual([])
  })
})
