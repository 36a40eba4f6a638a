import { describe, expect, it } from 'vitest'
import { simulate } from '../../test/support/simulated.ts'
import type { Run } from 'engine/run'
import { bytesPerStep, RunStore } from '../src/runs.ts'

/** A run that is over, as one of the trace `traceId`. */
async function runOf(traceId: string): Promise<Run> {
  const { run } = await simulate('fanout', { fanout: 5 })
  return Object.defineProperty(run, 'traceId', { value: traceId })
}

describe('the runs of the recent past', () => {
  it('are bounded when all of them are of one trace, too', async () => {
    const steps = (await runOf('a')).ledger.steps.length
    const store = new RunStore(3 * steps * bytesPerStep)
    const runs = await Promise.all(Array.from({ length: 10 }, () => runOf('a')))
    for (const run of runs) store.add(run)
    expect(store.find('a')).toEqual(runs.slice(-3))
    expect(store.recent(100)).toEqual(runs.slice(-3).reverse())
    expect(store.forgotten).toBe(7)
  })

  it('keep one that is under way, however old it is', async () => {
    const steps = (await runOf('a')).ledger.steps.length
    const store = new RunStore(3 * steps * bytesPerStep)
    const [first, ...others] = await Promise.all(['first', ...Array.from('abcdefgh')].map(runOf))
    const underWay = Object.defineProperty(first as Run, 'state', { value: 'running', configurable: true })
    for (const run of [underWay, ...others]) store.add(run)
    expect(store.find('first')).toEqual([underWay])
    expect(store.recent(100)).toEqual([...others.slice(-2).reverse(), underWay])
    // Over, it is the first to go.
    Object.defineProperty(underWay, 'state', { value: 'closed' })
    store.add(await runOf('i'))
    expect(store.find('first')).toEqual([])
  })
})
