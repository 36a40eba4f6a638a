import { fc } from '../../../../test/support/properties.ts'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ExportOutcome } from '../../src/telemetry/outcome.ts'
import {
  again,
  type Bench,
  benchOf,
  later,
  pass,
  type PendingExport,
  refusal,
  taken,
  unconfirmed,
} from '../support/scripted-exporter.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Ending = { outcome: ExportOutcome; of: number } | { throws: true; of: number }
type Event = { end: number } | { pass: number } | Ending

const outcome = fc.oneof(
  fc.constant(taken),
  fc.constant(later),
  fc.constant(refusal),
  fc.constant(unconfirmed),
  fc.constant(again),
  fc.record({ kind: fc.constant('taken' as const), rejected: fc.nat(8) }),
  fc.record({ kind: fc.constant('retry' as const), reason: fc.constant('429'), retryAfterMs: fc.nat(7_200_000) }),
)
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ end: fc.integer({ min: 1, max: 45 }) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.nat(6000) }) },
  { weight: 4, arbitrary: fc.record({ outcome, of: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ throws: fc.constant(true as const), of: fc.nat(1) }) },
)

const limits = { maxQueueSpans: 60, maxBatchSpans: 8, parallelExports: 2 }

/** What the counters are to say, by the outcomes that the exporter gave, and how often each span was settled. */
interface Truth {
  settled: Map<string, number>
  /** All that was not dropped, in order. */
  kept: string[]
  exported: number
  refused: number
  unconfirmed: number
  /** Spans that came back to be sent again. */
  returned: number
}

/** Ends an export as `next` says, and writes down what that means. */
async function end(export_: PendingExport, next: Ending, truth: Truth): Promise<void> {
  const { spans } = export_
  const count = spans.length
  const outcome = 'throws' in next ? refusal : next.outcome
  if (outcome.kind === 'retry' || outcome.kind === 'again') truth.returned += count
  else for (const { name } of spans) truth.settled.set(name, (truth.settled.get(name) ?? 0) + 1)
  if (outcome.kind === 'unconfirmed') truth.unconfirmed += count
  if (outcome.kind === 'refused') truth.refused += count
  if ('throws' in next) return export_.fail(new Error('cannot be written'))
  if (outcome.kind !== 'taken') return export_.end(outcome)
  const rejected = Math.min(outcome.rejected, count)
  truth.refused += rejected
  truth.exported += count - rejected
  return export_.end({ ...outcome, rejected })
}

async function play({ exporter, endSpans, processor }: Bench, next: Event, truth: Truth): Promise<void> {
  if ('end' in next) {
    const before = processor.counters()
    await endSpans(next.end)
    const kept = next.end - (processor.counters().dropped - before.dropped)
    for (let index = 0; index < kept; index++) truth.kept.push(`span ${before.created + index}`)
    return
  }
  if ('pass' in next) return pass(vi, next.pass)
  const export_ = exporter.pending[next.of] ?? exporter.pending[0]
  if (export_) await end(export_, next, truth)
}

function check({ exporter, processor }: Bench, truth: Truth): void {
  const { created, exported, queued, refused, unconfirmed, dropped, resent } = processor.counters()
  expect(exported + queued + refused + unconfirmed + dropped).toBe(created)
  expect({ exported, refused, unconfirmed }).toEqual({
    exported: truth.exported,
    refused: truth.refused,
    unconfirmed: truth.unconfirmed,
  })
  expect(resent).toBeLessThanOrEqual(truth.returned)
  expect(queued).toBeLessThanOrEqual(limits.maxQueueSpans)
  for (const end of [0, truth.kept.length >> 1, Math.max(0, truth.kept.length - 10), processor.end, Infinity])
    expect(processor.keptBefore(end)).toBe(truth.kept.slice(0, end).filter((name) => !truth.settled.has(name)).length)
  const underWay = exporter.pending.flatMap(({ spans }) => spans)
  expect(new Set(underWay).size).toBe(underWay.length)
  expect(underWay.length).toBeLessThanOrEqual(queued)
  expect(exporter.pending.length).toBeLessThanOrEqual(limits.parallelExports)
}

it('accounts for every span at all times, and settles each exactly once, whatever the collector does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      const bench = benchOf(limits)
      const truth: Truth = { settled: new Map(), kept: [], exported: 0, refused: 0, unconfirmed: 0, returned: 0 }
      for (const next of events) {
        await play(bench, next, truth)
        check(bench, truth)
      }
      const flush = bench.processor.forceFlush()
      while (bench.processor.counters().queued > 0) {
        if (bench.exporter.pending.length === 0) await pass(vi, 300_000)
        await play(bench, { outcome: taken, of: 0 }, truth)
        check(bench, truth)
      }
      await flush
      const { created, dropped, resent } = bench.processor.counters()
      expect(resent).toBe(truth.returned)
      expect(truth.settled.size).toBe(created - dropped)
      expect([...truth.settled.values()].every((times) => times === 1)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
