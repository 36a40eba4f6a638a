import { keyOf } from 'engine/key/key'
import { expect, test } from 'vitest'
import { simulate } from '../../test/support/simulated.ts'
import { Keys } from '../src/keys/keys.ts'

test('a run of few steps has its key with its answer', async () => {
  const { run } = await simulate('fanout', { seed: 'a' })
  await new Keys().answer(run)
  expect(run.key).toMatchObject({ verdict: 'faulty', faults: { length: 2 } })
})

test('what was planted is said with what was found, once the run has its key and before what it cost is known', async () => {
  const small = await simulate('fanout', { seed: 'a', error_rate: 0.1 })
  await new Keys().answer(small.run)
  const failed = small.result.summary.tool_errors
  expect(failed).toBeGreaterThan(0)
  const counts = `planted ${failed + 2}, found ${failed + 2}: ${failed + 2} hits, 0 not planted, 0 missed`
  // The answer of a run has the very finding that its ledger has.
  expect(small.result.finding.text).toMatch(new RegExp(`^worker:.*; ${counts}$`))
  expect(small.run.toLedger().finding).toBe(small.result.finding)

  const large = await simulate('fanout', { seed: 'a', fanout: 1300, concurrency: 200 })
  await new Keys().answer(large.run)
  expect(large.run.key).toBe('pending')
  expect(large.result.finding.text).toMatch(/; planted 26, found 26: 26 hits, 0 not planted, 0 missed$/)
})

test('a control says that nothing was planted and nothing found', async () => {
  const { run, result } = await simulate('fanout', { seed: 'a', faults: 'off' })
  await new Keys().answer(run)
  expect(result.finding.text).toMatch(/^None of the 100 calls was slow: .*; nothing planted, nothing found$/)
})

test('the key of a blind run is as late whether it has faults or not', async () => {
  const keys = new Keys()
  for (const faults of ['', 'off']) {
    const { run } = await simulate('fanout', { seed: 'a', ...(faults && { faults }) })
    Object.assign(run, { isBlind: true })
    await keys.answer(run)
    expect(run.key).toBe('pending')
    await keys.ask(run)
    expect(run.key).toMatchObject({ verdict: faults ? 'healthy' : 'faulty' })
  }
})

test('the key of a large run is pending until somebody has asked for it', async () => {
  const { run } = await simulate('fanout', { seed: 'a', fanout: 1300, stragglers: 1, concurrency: 200 })
  const keys = new Keys()
  await keys.answer(run)
  expect(run.key).toBe('pending')
  expect(run.toLedger().key).toBe('pending')
  await Promise.all([keys.ask(run), keys.ask(run)])
  expect(run.key).toEqual(await keyOf(run))
})
