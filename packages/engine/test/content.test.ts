import { expect, it } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { scenarios } from '../src/scenarios/index.ts'

const isContent = new Set(['arguments', 'result', 'documents', 'input_messages', 'output_messages', 'content'])

/** How many steps of a run carry what was asked, answered or said, where the agent is set to write none of it. */
async function withContent(scenario: string, query: Record<string, string> = {}): Promise<number> {
  const { run } = await simulate(scenario, { seed: 'a', ...query })
  const carries = run.ledger.steps.filter(({ facts }) =>
    Object.entries(facts).some(([name, value]) => isContent.has(name) && value !== undefined),
  )
  return carries.length
}

const [opening, silent] = [true, false].map((has) =>
  scenarios.filter(({ params }) => 'capture_content' in params === has).map(({ name }) => name),
)

it.each(silent ?? [])('%s has no content on its spans unless its agent is set to write it', async (scenario) => {
  expect(await withContent(scenario)).toBe(0)
})

it.each(opening ?? [])('%s has content by capture_content alone, which nothing else shows', async (scenario) => {
  expect(await withContent(scenario)).toBeGreaterThan(3)
  expect(await withContent(scenario, { capture_content: 'false' })).toBe(0)
})

it.each([
  ['loop', 'retry'],
  ['silent', 'null_error'],
  ['hallucination', 'not_found'],
  ['cascade', 'quota'],
])('%s has none beside either: %s', async (scenario, lookalike) => {
  expect(await withContent(scenario, { lookalike, capture_content: 'false' })).toBe(0)
})
