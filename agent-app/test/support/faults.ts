import { expect } from 'vitest'
import type { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { answerOf } from '../../../packages/service-kit/test/support/requests.ts'
import type { LedgerAnswer, LedgerStep } from 'contract/ledger'
import { genAi } from 'dialects/gen-ai/dialect'
import type { ReceivedSpan } from '../../../trace-inspector/src/otlp/span.ts'

/** Spans whose parent is none of them; the root of a trace is none. */
export function orphansOf(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  return spans.filter(({ parentSpanId }) => parentSpanId !== null && !ids.has(parentSpanId))
}

/**
 * Waits until all spans are there that the ledger says this process opened in the runs of a trace, and holds them against
 * it: name, parent, status and reason. The steps are those of runs that are no part of another.
 */
export async function completeTrace(
  agentUrl: string,
  collector: SimulatedCollector,
  traceId: string,
): Promise<{ spans: ReceivedSpan[]; steps: LedgerStep[] }> {
  const { body } = await answerOf(agentUrl, `/runs/${traceId}`, (answer) =>
    (answer.body as LedgerAnswer).runs.every(({ state }) => state === 'closed'),
  )
  const { runs } = body as LedgerAnswer
  const own = runs.flatMap(({ steps }) => steps.filter(({ span_id }) => span_id !== null))
  await collector.until(() => own.every(({ span_id }) => collector.spans.has(span_id as string)))
  const spans = own.map(({ span_id }) => collector.spans.get(span_id as string) as ReceivedSpan)
  const ofLedger = runs.flatMap(({ steps }) =>
    steps.flatMap(({ span_id, facts, parent_id, remote_parent_span_id, status, error_type }) => {
      if (span_id === null) return []
      const parent = parent_id === null ? remote_parent_span_id : steps[parent_id]?.span_id
      return { name: genAi.nameOf(facts), parent, status, errorType: error_type ?? undefined }
    }),
  )
  expect(
    spans.map(({ name, parentSpanId, status, attributes }) => ({
      name,
      parent: parentSpanId,
      status,
      errorType: attributes['error.type'],
    })),
  ).toEqual(ofLedger)
  expect(collector.duplicates).toBe(0)
  const steps = runs.flatMap((run) => (run.part ? [] : run.steps))
  return { spans, steps }
}

/** The trace of the newest run of an agent. */
export async function traceIdOf(agentUrl: string): Promise<string> {
  const { body } = await answerOf(agentUrl, '/runs')
  return (body.runs as { trace_id: string }[])[0]?.trace_id as string
}
