import { SamplingDecision, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RetainingSpanProcessor } from '../../src/telemetry/processor.ts'
import {
  again,
  benchOf,
  later,
  pass,
  refusal,
  ScriptedExporter,
  smallLimits,
  taken,
  unconfirmed,
} from '../support/scripted-exporter.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const after = (ms: number) => pass(vi, ms)

describe('batches', () => {
  it('sends a full batch at once', async () => {
    const { exporter, endSpans } = benchOf()
    await endSpans(9)
    expect(exporter.pending).toHaveLength(0)
    await endSpans(1)
    expect(exporter.first.spans).toHaveLength(10)
  })

  it('sends what there is once the first of it has waited long enough', async () => {
    const { exporter, endSpans } = benchOf()
    await endSpans(3)
    await after(99)
    expect(exporter.pending).toHaveLength(0)
    await after(1)
    expect(exporter.first.spans).toHaveLength(3)
  })

  it('bounds a batch by its bytes, and goes on with the rest without waiting again', async () => {
    const { exporter, endSpans } = benchOf({ maxBatchBytes: 10_000 })
    await endSpans(5, 4000)
    await after(100)
    expect(exporter.pending.map(({ spans }) => spans.length)).toEqual([2, 2])
    await exporter.first.end(taken)
    expect(exporter.pending.map(({ spans }) => spans.length)).toEqual([2, 1])
  })

  it('sends a span alone that is bigger than a batch may be', async () => {
    const { exporter, endSpans } = benchOf({ maxBatchBytes: 10_000 })
    await endSpans(1)
    await endSpans(1, 50_000)
    await endSpans(1)
    await after(100)
    await exporter.first.end(taken)
    expect(exporter.pending.map(({ spans }) => spans.map(({ name }) => name))).toEqual([['span 1'], ['span 2']])
  })

  it('has no more exports under way than it may, and the next as soon as one has ended', async () => {
    const { exporter, endSpans } = benchOf()
    await endSpans(50)
    expect(exporter.pending).toHaveLength(2)
    await exporter.first.end(taken)
    expect(exporter.pending).toHaveLength(2)
    expect(exporter.mostAtOnce).toBe(2)
  })

  it('leaves out spans that are recorded but not sampled', async () => {
    const exporter = new ScriptedExporter()
    const processor = new RetainingSpanProcessor(exporter, smallLimits)
    const sampler = { shouldSample: () => ({ decision: SamplingDecision.RECORD }), toString: () => 'records only' }
    new TracerProvider({ spanProcessors: [processor], sampler }).getTracer('test').startSpan('unsampled').end()
    expect(processor.counters().created).toBe(0)
  })
})

describe('failures', () => {
  it('sends a batch again that came back, also when no new span ends', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(10)
    const { spans } = exporter.first
    await exporter.first.end(later)
    expect(processor.counters()).toMatchObject({ queued: 10, exported: 0 })
    await after(500)
    expect(exporter.first.spans).toBe(spans)
    await exporter.first.end(taken)
    expect(processor.counters()).toMatchObject({ queued: 0, exported: 10 })
  })

  it('tries again when its pause is over, however long a new span would wait for others', async () => {
    const { exporter, endSpans } = benchOf({ delayMs: 60_000 })
    await endSpans(11)
    await exporter.first.end(later)
    await after(500)
    expect(exporter.pending.map(({ spans }) => spans.length)).toEqual([10])
    await exporter.first.end(taken)
    await after(59_499)
    expect(exporter.pending).toHaveLength(0)
    await after(1)
    expect(exporter.first.spans).toHaveLength(1)
  })

  it('sends what came back before anything new', async () => {
    const { exporter, endSpans } = benchOf({ parallelExports: 1 })
    await endSpans(20)
    const { spans } = exporter.first
    await exporter.first.end(later)
    await after(500)
    expect(exporter.first.spans).toBe(spans)
  })

  it('pauses longer after each failure, up to a bound, and starts over after a success', async () => {
    const { exporter, endSpans } = benchOf()
    await endSpans(10)
    for (const pauseMs of [500, 1000, 2000, 4000, 5000, 5000]) {
      await exporter.first.end(later)
      await after(pauseMs - 1)
      expect(exporter.pending).toHaveLength(0)
      await after(1)
    }
    await exporter.first.end(taken)
    await endSpans(10)
    await exporter.first.end(later)
    await after(500)
    expect(exporter.pending).toHaveLength(1)
  })

  it('counts two exports that fail side by side as one failure', async () => {
    const { exporter, endSpans } = benchOf()
    await endSpans(20)
    await exporter.first.end(later)
    await after(10)
    await exporter.first.end(later)
    await after(490)
    expect(exporter.pending).toHaveLength(2)
  })

  it.each([
    [2000, 2000],
    [60_000, 60_000],
    [3_600_000, 300_000],
    [100, 500],
  ])('waits as long as the collector asks, within its bounds: %i ms asked, %i ms waited', async (asked, waited) => {
    const { exporter, endSpans } = benchOf()
    await endSpans(10)
    await exporter.first.end({ kind: 'retry', reason: '429', retryAfterMs: asked })
    await after(waited - 1)
    expect(exporter.pending).toHaveLength(0)
    await after(1)
    expect(exporter.pending).toHaveLength(1)
  })

  it('holds everything back while it pauses, whatever the export beside the failed one brings', async () => {
    const { exporter, endSpans } = benchOf()
    await endSpans(50)
    const [one, other] = exporter.pending
    await one?.end({ kind: 'retry', reason: '429', retryAfterMs: 3000 })
    await other?.end(taken)
    await endSpans(10)
    await after(2999)
    expect(exporter.pending).toHaveLength(0)
    await after(1)
    expect(exporter.pending).toHaveLength(2)
  })

  it('counts what was refused, whole batches and parts of them', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(10)
    await exporter.first.end(refusal)
    await endSpans(10)
    await exporter.first.end({ kind: 'taken', rejected: 3, reason: 'too old' })
    expect(processor.counters()).toMatchObject({ created: 20, exported: 7, queued: 0, refused: 13, dropped: 0 })
  })

  it('counts apart what was answered in a way that tells nothing, and does not send it again', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(10)
    await exporter.first.end(unconfirmed)
    await after(60_000)
    expect(exporter.pending).toHaveLength(0)
    expect(processor.counters()).toMatchObject({ created: 10, exported: 0, queued: 0, refused: 0, unconfirmed: 10 })
  })

  it('counts what it sends again, each time, and not what it has yet to', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(10)
    await exporter.first.end(later)
    expect(processor.counters().resent).toBe(0)
    await after(500)
    expect(processor.counters().resent).toBe(10)
    await exporter.first.end(later)
    await after(1000)
    await exporter.first.end(taken)
    expect(processor.counters()).toMatchObject({ exported: 10, resent: 20 })
  })

  it('sends again at once, and before anything new, what the exporter is to write in another way', async () => {
    const { exporter, processor, endSpans } = benchOf({ parallelExports: 1 })
    await endSpans(20)
    const { spans } = exporter.first
    await exporter.first.end(again)
    expect(exporter.first.spans).toBe(spans)
    expect(processor.counters()).toMatchObject({ queued: 20, resent: 10 })
  })

  it('counts a batch as refused that the exporter cannot even write', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(10)
    await exporter.first.fail(new RangeError('Invalid string length'))
    expect(processor.counters()).toMatchObject({ refused: 10, queued: 0 })
    await endSpans(10)
    expect(exporter.pending).toHaveLength(1)
  })
})

describe('bounds', () => {
  it('drops exactly what is over its number of spans, counting those under way', async () => {
    const { exporter, processor, endSpans } = benchOf({ maxQueueSpans: 35 })
    await endSpans(50)
    expect(processor.counters()).toMatchObject({ created: 50, queued: 35, dropped: 15 })
    await exporter.first.end(taken)
    await endSpans(20)
    expect(processor.counters()).toMatchObject({ created: 70, exported: 10, queued: 35, refused: 0, dropped: 25 })
  })

  it('drops what is over its bytes, and has the room back once a batch has left', async () => {
    const { exporter, processor, endSpans } = benchOf({ maxQueueBytes: 50_000, maxBatchSpans: 1 })
    await endSpans(12, 9000)
    const { queued, dropped } = processor.counters()
    expect(queued).toBe(5)
    expect(dropped).toBe(7)
    await exporter.first.end(refusal)
    await endSpans(2, 9000)
    expect(processor.counters()).toMatchObject({ queued: 5, dropped: 8 })
  })

  it('tells of every span that it drops', async () => {
    const report = vi.fn<(outcome: { kind: string }) => void>()
    const { endSpans } = benchOf({ maxQueueSpans: 8, report })
    await endSpans(11)
    expect(report.mock.calls.map(([outcome]) => outcome)).toEqual(Array(3).fill({ kind: 'dropped', spans: 1 }))
  })
})

/** Whether a promise has resolved by now. */
function watch(promise: Promise<unknown>): { isDone: boolean } {
  const state = { isDone: false }
  void promise.then(() => (state.isDone = true))
  return state
}

describe('flush and close', () => {
  it('sends what has not filled a batch, and resolves when it was taken', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(3)
    const flush = watch(processor.forceFlush())
    await after(0)
    expect(exporter.first.spans).toHaveLength(3)
    expect(flush.isDone).toBe(false)
    await exporter.first.end(taken)
    await after(0)
    expect(flush.isDone).toBe(true)
  })

  it('waits for the spans that had ended by then, and for no others', async () => {
    const { exporter, processor, endSpans } = benchOf({ maxQueueSpans: 30 })
    await endSpans(20)
    const flush = watch(processor.forceFlush())
    // More spans end than there is room for: what is dropped of them is no progress of this flush.
    await endSpans(40)
    const [one, other] = exporter.pending
    await other?.end(taken)
    await exporter.pending[1]?.end(taken)
    expect(flush.isDone).toBe(false)
    await one?.end(taken)
    await after(0)
    expect(flush.isDone).toBe(true)
  })

  it('gives up at the deadline, and keeps what it could not send', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(5)
    const flush = watch(processor.forceFlush(2000))
    await after(0)
    await exporter.first.end(later)
    await after(2000)
    expect(flush.isDone).toBe(true)
    expect(processor.counters()).toMatchObject({ queued: 5, dropped: 0 })
  })

  it('tries at once, however long a pause there was to be', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(10)
    await exporter.first.end({ kind: 'retry', reason: '429', retryAfterMs: 300_000 })
    void processor.forceFlush()
    await after(0)
    expect(exporter.pending).toHaveLength(1)
    await exporter.first.end(later)
    await after(500)
    expect(exporter.pending).toHaveLength(1)
  })

  it('closes when all is sent, what ended meanwhile too', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(25)
    const close = processor.close(10_000)
    await endSpans(1)
    while (exporter.pending.length > 0) await exporter.first.end(taken)
    await expect(close).resolves.toBe(0)
    expect(processor.counters()).toMatchObject({ exported: 26, dropped: 0 })
  })

  it('drops and counts at the deadline of its close what was not taken, whatever is heard of it later', async () => {
    const { exporter, processor, endSpans } = benchOf()
    await endSpans(25)
    const close = processor.close(3000)
    await exporter.first.end(taken)
    await after(3000)
    await expect(close).resolves.toBe(15)
    const [late] = exporter.pending
    await late?.end(taken)
    await endSpans(1)
    await after(60_000)
    expect(processor.counters()).toMatchObject({ created: 26, exported: 10, queued: 0, refused: 0, dropped: 16 })
    await processor.shutdown()
  })
})
