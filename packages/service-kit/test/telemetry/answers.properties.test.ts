import { TracerProvider } from '@opentelemetry/sdk-trace'
import { fc } from '../../../../test/support/properties.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExporter } from '../../src/telemetry/exporter.ts'
import { readAcceptance } from '../../src/telemetry/outcome.ts'
import { RetainingSpanProcessor } from '../../src/telemetry/processor.ts'
import { type Behavior, SimulatedCollector } from '../support/collector.ts'
import { smallLimits } from '../support/scripted-exporter.ts'

/** An answer, and what it means for the spans of its request; a whole number is of them rejected, the others are taken. */
interface Answer {
  behavior: Behavior
  means: number | 'refused' | 'unconfirmed' | 'sent again'
}

const answers = (means: Answer['means'], behavior: fc.Arbitrary<Behavior>): fc.Arbitrary<Answer> =>
  behavior.map((of) => ({ behavior: of, means }))

const partialSuccess = (rejectedSpans: unknown): Behavior => ({
  body: JSON.stringify({ partialSuccess: { rejectedSpans, errorMessage: 'no' } }),
})

/** No whole number from 0 to the size of a batch, as OTLP writes one. */
const insane = fc.oneof(
  fc.constantFrom<unknown>('abc', '', '-1', -1, 1e99, '1e99', '9'.repeat(400), 0.5, true, {}, [], [1], '1.0', ' 1'),
  fc.integer({ min: 6 }),
  fc.integer({ max: -1 }),
  fc.string().filter((text) => !/^\d+$/.test(text)),
  fc.dictionary(fc.string(), fc.integer()),
)
/** JSON that is no answer to an export. */
const foreign = fc
  .jsonValue()
  .filter(
    (value) => !(typeof value === 'object' && value && 'partialSuccess' in value) && JSON.stringify(value) !== '{}',
  )
const page = { headers: { 'Content-Type': 'text/html' }, body: '<!doctype html>' }
const retryAfter = fc.constantFrom('0', '-1', '1', 'soon', '', '9'.repeat(30), 'Wed, 21 Oct 2015 07:28:00 GMT', '1e3')

const answer = fc.oneof(
  { weight: 3, arbitrary: answers(0, fc.constant<Behavior>({})) },
  fc.nat(5).chain((count) => answers(count, fc.constantFrom(partialSuccess(count), partialSuccess(String(count))))),
  answers('unconfirmed', insane.map(partialSuccess)),
  answers(
    'unconfirmed',
    foreign.map((value): Behavior => ({ body: JSON.stringify(value) })),
  ),
  answers(
    'unconfirmed',
    fc.constantFrom<Behavior>(page, { ...page, body: '' }, { body: 'OK' }, { body: '{"partialSuccess' }),
  ),
  answers(
    'refused',
    fc.constantFrom(300, 302, 400, 401, 403, 404, 413, 418, 500, 501).map((status) => ({ status })),
  ),
  answers(
    'sent again',
    fc.record({
      status: fc.constantFrom(429, 502, 503, 504),
      headers: fc.record({ 'Retry-After': retryAfter }),
    }),
  ),
  answers('sent again', fc.constant<Behavior>({ instead: 'reset' })),
)

let collector: SimulatedCollector
beforeAll(async () => {
  collector = await SimulatedCollector.start()
})
afterAll(() => collector.down())

describe('the counters', () => {
  it('say what the collector said of each span, whatever that was and however often', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), async (script, ended) => {
        collector.script = script.map(({ behavior }) => behavior)
        collector.requests.length = 0
        const exporter = createExporter({ protocol: 'http/json', url: `${collector.url}/v1/traces` })
        // It does wait as long as it is asked to: here that is no time.
        const limits = { ...smallLimits, maxBatchSpans: 5, backoffMs: 1, maxBackoffMs: 1, maxAskedMs: 1 }
        const processor = new RetainingSpanProcessor(exporter, limits)
        const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test')
        for (let span = 0; span < ended; span++) tracer.startSpan('span').end()
        await processor.forceFlush()
        const truth = { exported: 0, refused: 0, unconfirmed: 0, resent: 0 }
        for (const { spans, behavior } of collector.requests) {
          const means = script.find((of) => of.behavior === behavior)?.means ?? 0
          if (means === 'refused') truth.refused += spans
          else if (means === 'sent again') truth.resent += spans
          else if (means === 'unconfirmed' || means > spans) truth.unconfirmed += spans
          else {
            truth.refused += means
            truth.exported += spans - means
          }
        }
        expect(processor.counters()).toEqual({ created: ended, queued: 0, dropped: 0, ...truth })
        expect(truth.exported + truth.refused + truth.unconfirmed).toBe(ended)
        await processor.shutdown()
      }),
      { numRuns: 60 },
    )
  })
})

it('an answer never counts more or less than was sent, and only whole spans', () => {
  const partial = fc.record(
    { rejectedSpans: fc.anything(), errorMessage: fc.anything() },
    { requiredKeys: [], noNullPrototype: false },
  )
  const response = fc.oneof(fc.anything(), fc.record({ partialSuccess: fc.oneof(fc.anything(), partial) }))
  fc.assert(
    fc.property(response, fc.nat(5000), (of, sent) => {
      const outcome = readAcceptance(of, sent)
      const rejected = outcome.kind === 'taken' ? outcome.rejected : 0
      expect(['taken', 'unconfirmed']).toContain(outcome.kind)
      expect(Number.isInteger(rejected)).toBe(true)
      expect(rejected).toBeGreaterThanOrEqual(0)
      expect(rejected).toBeLessThanOrEqual(sent)
    }),
    { numRuns: 2000 },
  )
})
