// npm run replay-check: runs each scenario twice with one seed, alone and again under load and at another concurrency, on
// another process where there is one, and compares what the two decided.
import { parseArgs } from 'node:util'
import { decisionsOf } from 'engine/decisions'
import type { LedgerAnswer } from 'contract/ledger'
import { startPair } from './pair.ts'

const usage = `Usage: npm run replay-check -- [--agent URL [--other URL]] [--seed SEED]
Without --agent it starts a tool-service and two agents of its own.`

interface Listed {
  name: string
  path: string
  defaults: Record<string, unknown>
}

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url)
  const body = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${body.slice(0, 500)}`)
  return JSON.parse(body) as T
}

function urlOf(agent: string, scenario: Listed, params: Record<string, string>): string {
  return `${agent}${scenario.path}${scenario.path.includes('?') ? '&' : '?'}${new URLSearchParams(params).toString()}`
}

/** Plays a run and returns its decisions by step key, without what was asked to differ. */
async function play(agent: string, scenario: Listed, params: Record<string, string>): Promise<Map<string, string>> {
  const response = await fetch(urlOf(agent, scenario, params))
  const body = await response.text()
  if (!response.ok) throw new Error(`${scenario.name} answered ${response.status}: ${body.slice(0, 500)}`)
  const traceId = response.headers.get('x-trace-id')
  const { runs } = await getJson<LedgerAnswer>(`${agent}/runs/${traceId}`)
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

async function check(first: string, second: string, seed: string): Promise<number> {
  const { scenarios } = await getJson<{ scenarios: Listed[] }>(`${first}/scenarios`)
  const fanout = scenarios.find(({ name }) => name === 'fanout') as Listed
  let failed = 0
  for (const scenario of scenarios) {
    const params: Record<string, string> = { seed, ...('error_rate' in scenario.defaults && { error_rate: '0.2' }) }
    if ('duration_s' in scenario.defaults) params.duration_s = '2'
    const alone = await play(first, scenario, params)
    const load = fetch(urlOf(second, fanout, { fanout: '300', concurrency: '100' })).then((response) => response.text())
    const narrow = 'concurrency' in scenario.defaults ? { concurrency: '7' } : {}
    const loaded = await play(second, scenario, { ...params, ...narrow })
    await load
    const found = differences(alone, loaded)
    console.log(
      `${found.length === 0 ? 'same' : 'DIFFERENT'}  ${scenario.name.padEnd(8)} ${alone.size} steps, seed ${seed}`,
    )
    if (found.length === 0) continue
    failed++
    console.log(found.slice(0, 10).join('\n') + (found.length > 10 ? `\n  … and ${found.length - 10} more steps` : ''))
  }
  console.log(
    failed === 0
      ? `All ${scenarios.length} scenarios repeat.`
      : `${failed} of ${scenarios.length} scenarios do not repeat.`,
  )
  return failed === 0 ? 0 : 1
}

const { values } = parseArgs({
  options: {
    agent: { type: 'string' },
    other: { type: 'string' },
    seed: { type: 'string', default: 'replay' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(usage)
} else if (values.agent) {
  process.exitCode = await check(values.agent, values.other ?? values.agent, values.seed)
} else {
  const [one, other] = [await startPair(), await startPair({}, { AGENT_NAME: 'SecondaryAgent' })]
  try {
    process.exitCode = await check(one.agent.url, other.agent.url, values.seed)
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }
}
