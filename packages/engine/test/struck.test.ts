import { fc } from '../../../test/support/properties.ts'
import { expect, test } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { keyOf } from '../src/key/key.ts'
import { scenarios } from '../src/scenarios/index.ts'

const small: Record<string, number> = { fanout: 8, depth: 8, calls: 16, duration_s: 0.5, background_fanout: 8 }

/** Runs in which tools and models fail, so that work ends before all that was planted came to pass. */
const failing = fc.record({
  seed: fc.stringMatching(/^[a-z]{1,8}$/),
  error_rate: fc.constantFrom(0, 0.3),
  llm_error_rate: fc.constantFrom(0.4, 0.6, 0.8),
})

test.each(scenarios)('every fault of $name is one of a step that there is', async ({ name, params }) => {
  const fitting = Object.fromEntries(Object.entries(small).filter(([param]) => Object.hasOwn(params, param)))
  await fc.assert(
    fc.asyncProperty(failing, async (query) => {
      const { run } = await simulate(name, { ...fitting, ...query })
      const there = new Set(run.ledger.steps.map(({ key }) => key))
      const struck = run.faults.faults.flatMap(({ steps }) => [...steps])
      expect(struck.filter((step) => !there.has(step))).toEqual([])
      for (const { accepted } of (await keyOf(run)).faults) expect(accepted.flat()).not.toEqual([])
    }),
    { numRuns: 25 },
  )
})

test('a fault of a step that there is not is in no key', async () => {
  const { run } = await simulate('chain', { seed: 'a', depth: 2 })
  run.faults.strikes({ id: 'failed/link/2/call', kind: 'failed', entity: {} }, 'link/2/call')
  await expect(keyOf(run)).rejects.toThrow('Fault failed/link/2/call struck link/2/call: the run has no such step')
})
