import { expect, test } from 'vitest'
import { answersFor, predict } from 'findings/kinds'
import { paramsOf, simulate } from '../../../test/support/simulated.ts'
import { Catalog, remedyOf } from '../src/catalog.ts'
import { scenarioOf, scenarios } from '../src/scenarios/index.ts'

/** A run in simulated time: its finding, how long it took, and its calls. */
async function play(scenario: string, query: Record<string, string | number>) {
  const { run, result } = await simulate(scenario, query)
  const { steps } = run.ledger
  return {
    finding: result.finding,
    totalMs: steps.find(({ facts }) => facts.operation === 'invoke_workflow')?.duration_ms ?? 0,
  }
}

const seeds = ['a', 'b', 'c', 'd', 'e']

test.each(
  (['fanout', 'chain', 'retry', 'dag', 'react', 'human', 'rag', 'loop', 'hallucination', 'overflow'] as const).flatMap(
    (scenario) => seeds.map((seed) => ({ scenario, seed })),
  ),
)('$scenario, seed $seed: without the fault the run saves what its finding says', async ({ scenario, seed }) => {
  const before = await play(scenario, { seed, jitter: 0.1 })
  const after = await play(scenario, { seed, jitter: 0.1, ...remedyOf(scenarioOf[scenario]).changes })
  const predicted = predict(before.finding)?.value ?? Number.NaN
  const measured = before.totalMs - after.totalMs
  // The median of the others stands in for what the slow ones would have drawn.
  expect(Math.abs(measured - predicted)).toBeLessThanOrEqual(Math.max(40, measured * 0.1))
})

test('a stream without contention has the rate that the finding says', async () => {
  const query = { seed: 'a', duration_s: 5 }
  const before = await play('stream', query)
  const after = await play('stream', { ...query, ...remedyOf(scenarioOf.stream).changes })
  const rate = (after.finding.observed as { rate_with_background: number }).rate_with_background
  const prediction = predict(before.finding)
  expect(prediction?.unit).toBe('tokens/s')
  expect(Math.abs(rate - (prediction?.value ?? 0)) / rate).toBeLessThan(0.15)
})

test.each(scenarios)('the remedy of $name is parameters that it takes', (scenario) => {
  expect(() => paramsOf(scenario.name, remedyOf(scenario).changes)).not.toThrow()
})

test('a scenario without the parameter that takes its finding out is refused, wherever it is offered', () => {
  const strange = { ...scenarioOf.human, finding: 'straggler' } as const
  expect(() => new Catalog([strange], { delayMs: undefined, errorRate: 0 })).toThrow(
    /^Scenario human has no parameter stragglers, by which straggler is taken out of a run: expected one of human_delay_s, /,
  )
})

test('the questions are answered with the run’s own figures', async () => {
  const { finding, totalMs } = await play('fanout', { seed: 'a', jitter: 0, delay_ms: 100 })
  const { symptom, missed } = answersFor(finding, { totalMs, table: [] })
  expect(symptom).toContain('Of 100 calls the p99 is 1000 ms, the p95 100 ms')
  expect(missed).toContain('2 slow calls of 100 move the mean from 100 ms to 118 ms')
})
