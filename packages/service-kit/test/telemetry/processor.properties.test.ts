import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ExportOutcome } from '../../src/telemetry/exporter.ts'
import { type Bench, benchOf, later, pass, refusal, taken } from '../support/scripted-exporter.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Event = { end: number } | { pass: number } | { outcome: ExportOutcome; of: number } | { throws: true; of: number }

const outcome = fc.oneof(
  fc.constant(taken),
  fc.constant(later),
  fc.constant(refusal),
  fc.record({ kind: fc.constant('taken' as const), rejected: fc.nat(20) }),
  fc.record({ kind: fc.constant('retry' as const), reason: fc.constant('429'), retryAfterMs: fc.nat(7_200_000) }),
)
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ end: fc.integer({ min: 1, max: 45 }) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.nat(6000) }) },
  { weight: 4, arbitrary: fc.record({ outcome, of: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ throws: fc.constant(true as const), of: fc.nat(1) }) },
)

const limits = { maxQueueSpans: 60, maxBatchSpans: 8, parallelExports: 2 }

/** How often each span was settled, by the outcomes that the exporter gave. */
type Settled = Map<string, number>

async function play({ exporter, endSpans }: Bench, next: Event, settled: Settled): Promise<void> {
  if ('end' in next) return endSpans(next.end)
  if ('pass' in next) return pass(vi, next.pass)
  const export_ = exporter.pending[next.of] ?? exporter.pending[0]
  if (!export_) return
  const isKept = 'outcome' in next && next.outcome.kind === 'retry'
  if (!isKept) for (const { name } of export_.spans) settled.set(name, (settled.get(name) ?? 0) + 1)
  await ('outcome' in next ? export_.end(next.outcome) : export_.fail(new Error('cannot be written')))
}

function check({ exporter, processor }: Bench): void {
  const { created, exported, queued, refused, dropped } = processor.counters()
  expect(exported + queued + refused + dropped).toBe(created)
  expect(queued).toBeLessThanOrEqual(limits.maxQueueSpans)
  const underWay = exporter.pending.flatMap(({ spans }) => spans)
  expect(new Set(underWay).size).toBe(underWay.length)
  expect(underWay.length).toBeLessThanOrEqual(queued)
  expect(exporter.pending.length).toBeLessThanOrEqual(limits.parallelExports)
}

it('accounts for every span at all times, and settles each exactly once, whatever the collector does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      const bench = benchOf(limits)
      const settled: Settled = new Map()
      for (const next of events) {
        await play(bench, next, settled)
        check(bench)
      }
      const flush = bench.processor.forceFlush()
      while (bench.processor.counters().queued > 0) {
        if (bench.exporter.pending.length === 0) await pass(vi, 5000)
        await play(bench, { outcome: taken, of: 0 }, settled)
        check(bench)
      }
      await flush
      const { created, exported, refused, dropped } = bench.processor.counters()
      expect(exported + refused + dropped).toBe(created)
      expect(settled.size).toBe(created - dropped)
      expect([...settled.values()].every((times) => times === 1)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
