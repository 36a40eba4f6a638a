import { compareWithKey } from 'findings/planted'
import { expect, it } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { keyOf } from '../src/key/key.ts'

it('looks nothing up twice, however much it looks up: a second answer would mend the first', async () => {
  const { run } = await simulate('silent', { lookups: 500, flaws: 0, seed: 'a' })
  const asked = run.ledger.steps.flatMap(({ facts }) =>
    facts.operation === 'execute_tool' ? `${facts.tool} ${facts.arguments?.sha256}` : [],
  )
  expect(asked).toHaveLength(1000)
  expect(new Set(asked).size).toBe(1000)
})

it.each(['empty', 'any'])('is answered wrongly only where the spans show it: %s', async (flaw) => {
  let flaws = 0
  for (let seed = 0; seed < 20; seed++) {
    const { run, result } = await simulate('silent', { flaw, flaws: 4, error_rate: 0.3, seed: `seed-${seed}` })
    const key = await keyOf(run)
    const compared = compareWithKey(key, result.finding.observed.span_ids)
    expect(compared, `${seed}: ${compared.text}`).toMatchObject({ agrees: true })
    flaws += key.faults.filter(({ id }) => id.startsWith('flaw/')).length
  }
  expect(flaws).toBeGreaterThan(20)
})
