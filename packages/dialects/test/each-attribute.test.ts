import type { Facts } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import { Random } from 'contract/random'
import { genAi } from 'dialects/gen-ai/dialect'
import { genAiBlind } from 'dialects/gen-ai/blind'
import type { Attributes } from 'dialects/line'
import { expect, test } from 'vitest'

/** A step of one of three operations, whose facts have few values, many, or none. */
function drawStep(random: Random): LedgerStep {
  const maybe = <T>(value: T) => (random.chance(0.7) ? value : undefined)
  const few = () => random.pick(['search', 'mail', 'calendar'])
  const facts = random.pick<Facts>([
    {
      operation: 'execute_tool',
      tool: few(),
      call_id: random.hex(24),
      delay_ms: random.integer(0, 200),
      step: maybe(3),
    },
    {
      operation: 'http_client',
      method: 'GET',
      url: few(),
      server_address: 'tools',
      server_port: 8081,
      attempt: random.integer(0, 2),
      ...(random.chance(0.5) && { status: random.pick([200, 503]) }),
      ...(random.chance(0.2) && { retry_after: '1' }),
    },
    {
      operation: 'invoke_agent',
      agent: few(),
      role: random.pick(['planner', 'worker']),
      definition: 'v1',
      provider: 'synthetic',
      conversation_id: maybe(random.hex(8)),
    },
  ])
  const has = { agent_id: maybe(few()) ?? null, error_type: random.chance(0.1) ? '503' : null }
  return { facts, ...has } as LedgerStep
}

test.each([genAi, genAiBlind])('$name: what comes in parts is what it says of a step, in its order', (dialect) => {
  const random = new Random('parts')
  const shared = new Set<Attributes>()
  for (let index = 0; index < 2000; index++) {
    const step = drawStep(random)
    const run = { workflow: random.pick(['a', 'b']), scenario: random.pick(['a', 'b']) }
    const said: [string, unknown][] = []
    const visitShared = (attributes: Attributes) => {
      shared.add(attributes)
      said.push(...Object.entries(attributes))
    }
    dialect.eachAttribute(step, run, (name, value) => said.push([name, value]), visitShared)
    expect(said).toEqual(Object.entries(dialect.attributesOf(step, run)))
  }
  // Most are handed over again: there are far fewer than steps.
  expect(shared.size).toBeLessThan(1000)
})
