import { compareWithKey } from 'findings/planted'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { keyOf } from '../src/key/key.ts'

type Query = Record<string, string | number>
const seeds = Array.from({ length: 20 }, (_, index) => `seed-${index}`)

async function play(scenario: string, query: Query) {
  const { run, result } = await simulate(scenario, query)
  return {
    run,
    ok: result.ok,
    text: result.finding.text,
    named: result.finding.observed.span_ids,
    key: await keyOf(run),
  }
}

describe.each<[string, Query, string[]]>([
  ['silent', { flaws: 0 }, ['null_error', 'empty', 'page', 'asked_again']],
  ['hallucination', { hallucinations: 0 }, ['unavailable', 'forbidden', 'not_found', 'refused']],
  ['cascade', { trigger: 'none' }, ['retries', 'slow_tool', 'quota']],
])('what only looks like the fault of %s', (scenario, without, lookalikes) => {
  it.each(lookalikes)('is named by nobody, and declared: %s', async (lookalike) => {
    for (const seed of seeds) {
      const { named, key, ok, text } = await play(scenario, { ...without, lookalike, seed })
      expect(named, `${seed}: ${text}`).toEqual([])
      expect(key).toMatchObject({ verdict: 'healthy', faults: [] })
      expect(key.decoys.length).toBeGreaterThan(0)
      expect(ok).toBe(true)
    }
  })

  it.each(lookalikes)('leaves the fault beside it to be found: %s', async (lookalike) => {
    for (const seed of seeds.slice(0, 6)) {
      const { named, key } = await play(scenario, { lookalike, seed })
      const compared = compareWithKey(key, named)
      expect(compared, compared.text).toMatchObject({ planted: 1, agrees: true, not_planted: [] })
    }
  })
})

it.each(['loop', 'overflow', 'silent', 'hallucination', 'cascade', 'handoff'])(
  '%s without its fault is healthy, and nothing is named',
  async (scenario) => {
    for (const seed of seeds) {
      const { named, key, text } = await play(scenario, { faults: 'off', seed })
      expect(named, `${seed}: ${text}`).toEqual([])
      expect(key).toMatchObject({ verdict: 'healthy', faults: [] })
    }
  },
)
