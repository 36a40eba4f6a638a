import { describe, expect, it } from 'vitest'
import { benchOf, taken } from '../../packages/service-kit/test/support/scripted-exporter.ts'
import { simulate } from '../../test/support/simulated.ts'
import { SpansOut } from '../src/spans-out.ts'

/** What is said of runs whose spans go through a real processor, in batches of ten, two side by side. */
async function outOf(maxQueueSpans = 100) {
  const { processor, exporter, endSpans } = benchOf({ maxQueueSpans })
  const destinations = () => [
    {
      endpoint: 'http://here',
      counters: processor.counters(),
      end: processor.end,
      keptBefore: (end: number) => processor.keptBefore(end),
    },
  ]
  const telemetry = { resource: () => undefined, destinations }
  const out = new SpansOut({ serviceName: 'agent', scopeName: 'agent', telemetry })
  const { run } = await simulate('fanout', { fanout: 2 })
  const queued = () => out.of([run]).destinations.map(({ queued }) => queued)
  return { exporter, endSpans, closed: () => out.closed(run), queued }
}

describe('the spans of a run', () => {
  it('wait until they have left, and no longer', async () => {
    const { exporter, endSpans, closed, queued } = await outOf()
    await endSpans(10)
    expect(queued()).toEqual([10])
    closed()
    await endSpans(5)
    expect(queued()).toEqual([10])
    await exporter.first.end(taken)
    expect(queued()).toEqual([0])
  })

  it('wait still when later ones are dropped', async () => {
    const { endSpans, closed, queued } = await outOf(20)
    await endSpans(10)
    closed()
    await endSpans(60)
    expect(queued()).toEqual([10])
  })

  it('wait still when later ones have left before them', async () => {
    const { exporter, endSpans, closed, queued } = await outOf()
    await endSpans(10)
    closed()
    await endSpans(10)
    const [own, later] = exporter.pending
    await own?.end({ kind: 'retry', reason: '503', retryAfterMs: 60_000 })
    await later?.end(taken)
    expect(queued()).toEqual([10])
  })
})
