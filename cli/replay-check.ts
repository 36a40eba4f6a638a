// npm run replay-check: runs each scenario twice with one seed, alone and again under load and at another concurrency, on
// another process where there is one, and compares what the two decided.
import { decisionsOf } from 'engine/decisions'
import type { LedgerAnswer } from 'contract/ledger'
import { startPair } from '../scripts/pair.ts'
import { defineCommand, readUrl, runCommand, UsageError } from './command.ts'
import { explain, get, getJson, ServiceError } from './http.ts'
import { type Column, renderHead, renderRow } from './table.ts'

interface Listed {
  name: string
  path: string
  defaults: Record<string, unknown>
}

function urlOf(agent: string, scenario: Listed, params: Record<string, string>): string {
  return `${agent}${scenario.path}${scenario.path.includes('?') ? '&' : '?'}${new URLSearchParams(params).toString()}`
}

/** Plays a run and returns its decisions by step key, without what was asked to differ. */
async function play(agent: string, scenario: Listed, params: Record<string, string>): Promise<Map<string, string>> {
  const answer = await get('agent-app', urlOf(agent, scenario, params))
  if (answer.status !== 200) throw new ServiceError(`agent-app answered ${scenario.name} with ${explain(answer)}`)
  const ledger = await getJson('agent-app', `${agent}/runs/${String(answer.headers['x-trace-id'])}`)
  const { runs } = ledger as LedgerAnswer
  const decisions = decisionsOf(runs.at(-1)?.steps ?? [])
  return new Map(
    Object.entries(decisions).map(([key, decision]) => [
      key,
      JSON.stringify(decision).replace(/"concurrency":\d+,?/, ''),
    ]),
  )
}

function differences(one: Map<string, string>, other: Map<string, string>): string[] {
  const keys = [...new Set([...one.keys(), ...other.keys()])]
  return keys
    .filter((key) => one.get(key) !== other.get(key))
    .map((key) => `  ${key}\n    first:  ${one.get(key) ?? 'not there'}\n    second: ${other.get(key) ?? 'not there'}`)
}

const columns: Column[] = [
  { title: 'scenario', width: 9 },
  { title: 'decisions', width: 9 },
  { title: 'steps', align: 'right' },
]

async function check(first: string, second: string, seed: string): Promise<number> {
  const { scenarios } = (await getJson('agent-app', `${first}/scenarios`)) as { scenarios: Listed[] }
  const fanout = scenarios.find(({ name }) => name === 'fanout') as Listed
  let failed = 0
  console.log(renderHead(columns))
  for (const scenario of scenarios) {
    const params: Record<string, string> = { seed, ...('error_rate' in scenario.defaults && { error_rate: '0.2' }) }
    if ('duration_s' in scenario.defaults) params.duration_s = '2'
    const alone = await play(first, scenario, params)
    const load = get('agent-app', urlOf(second, fanout, { fanout: '300', concurrency: '100' }))
    const narrow = 'concurrency' in scenario.defaults ? { concurrency: '7' } : {}
    const [loaded] = await Promise.all([play(second, scenario, { ...params, ...narrow }), load])
    const found = differences(alone, loaded)
    console.log(renderRow(columns, [scenario.name, found.length === 0 ? 'same' : 'DIFFERENT', String(alone.size)]))
    if (found.length === 0) continue
    failed++
    console.log(found.slice(0, 10).join('\n') + (found.length > 10 ? `\n  … and ${found.length - 10} more steps` : ''))
  }
  console.log(
    failed === 0
      ? `All ${scenarios.length} scenarios repeat, with seed ${seed}.`
      : `${failed} of ${scenarios.length} scenarios do not repeat, with seed ${seed}.`,
  )
  return failed === 0 ? 0 : 1
}

const command = defineCommand({
  name: 'npm run replay-check --',
  description: 'Runs each scenario twice with one seed, the second time under load, and compares what the two decided',
  args: {
    agent: { type: 'string', valueHint: 'URL', description: 'the agent to run them on (one of its own)' },
    other: { type: 'string', valueHint: 'URL', description: 'the agent for the second time (the same)' },
    seed: { type: 'string', valueHint: 'SEED', description: 'what both draw from', default: 'replay' },
  },
  notes: 'Without --agent it starts a tool-service and two agents of its own. Exits 1 when a scenario does not repeat.',
  async run({ agent, other, seed }) {
    if (agent === undefined && other !== undefined) throw new UsageError(`--other ${other}: expected --agent before it`)
    if (agent !== undefined) return check(readUrl('--agent', agent), readUrl('--other', other ?? agent), seed)
    const pairs = [await startPair(), await startPair({}, { AGENT_NAME: 'SecondaryAgent' })] as const
    try {
      return await check(pairs[0].agent.url, pairs[1].agent.url, seed)
    } finally {
      await Promise.all(pairs.map((pair) => pair.stop()))
    }
  },
})

await runCommand(command)
