import { keyOf } from 'engine/key/key'
import { expect, test } from 'vitest'
import { simulate } from '../../test/support/simulated.ts'
import { Keys } from '../src/keys/keys.ts'

test('a run of few steps has its key with its answer', async () => {
  const { run } = await simulate('fanout', { seed: 'a' })
  await new Keys().answer(run)
  expect(run.key).toMatchObject({ verdict: 'faulty', faults: { length: 2 } })
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
