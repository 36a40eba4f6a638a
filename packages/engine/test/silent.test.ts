import { expect, it } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'

it('looks nothing up twice, however much it looks up: a second answer would mend the first', async () => {
  const { run } = await simulate('silent', { lookups: 500, flaws: 0, seed: 'a' })
  const asked = run.ledger.steps.flatMap(({ facts }) =>
    facts.operation === 'execute_tool' ? `${facts.tool} ${facts.arguments?.sha256}` : [],
  )
  expect(asked).toHaveLength(1000)
  expect(new Set(asked).size).toBe(1000)
})
