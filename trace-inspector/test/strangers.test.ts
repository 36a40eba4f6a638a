import { type LedgerAnswer, ledgerSchemaVersion, type RunLedger } from 'contract/ledger'
import { instanceIdAttribute } from 'dialects/gen-ai/names'
import { beforeAll, expect, test } from 'vitest'
import { decodeJson } from '../src/otlp/json.ts'
import type { ReceivedSpan } from '../src/otlp/span.ts'
import { strangers } from '../src/verify/strangers.ts'
import { resourceOf, spanOf } from './support/otlp.ts'
import { simulateFile } from './support/simulated-file.ts'

const here = 'the agent that answers'
let ledger: LedgerAnswer
let step: string
let template: ReceivedSpan
beforeAll(async () => {
  const { ledgers } = await simulateFile(['human'])
  const run = JSON.parse(ledgers.toString()) as RunLedger
  // A caller began it.
  const steps = run.steps.map((each, index) => (index === 0 ? { ...each, remote_parent_span_id: 'caller' } : each))
  const resource = { [instanceIdAttribute]: here }
  ledger = {
    schema_version: ledgerSchemaVersion,
    trace_id: run.trace_id,
    runs: [{ ...run, steps, age_ms: 0 }],
    senders: [{ service: run.service, scope: { name: 'agent-app', version: '' }, resource, destinations: [] }],
  }
  step = steps[0]?.span_id as string
  const span = spanOf({ traceId: run.trace_id, spanId: '00f067aa0ba902b1' })
  const body = { resourceSpans: [{ resource: resourceOf('shop'), scopeSpans: [{ spans: [span] }] }] }
  ;[template] = decodeJson(Buffer.from(JSON.stringify(body))).spans as [ReceivedSpan]
})

class CountedMap extends Map<string, ReceivedSpan> {
  looks = 0
  override get(key: string) {
    this.looks++
    return super.get(key)
  }
}

/** Which spans are whose, of spans that are said by their parents; `changes` says more of some. */
function told(parents: Record<string, string | null>, changes: Record<string, Partial<ReceivedSpan>> = {}) {
  const rest = Object.entries(parents).map(([spanId, parentSpanId]) => ({
    ...template,
    spanId,
    parentSpanId,
    ...changes[spanId],
  }))
  const spans = new CountedMap(rest.map((span) => [span.spanId, span]))
  const { ofCaller, unexpected, withoutLedger } = strangers(ledger, rest, spans)
  const ids = (of: ReceivedSpan[]) => of.map(({ spanId }) => spanId).join('')
  return {
    looks: spans.looks,
    whose: { caller: ids(ofCaller), unexpected: ids(unexpected), gone: ids(withoutLedger) },
  }
}
const ofGone = { scope: { name: 'agent-app', version: '' }, resource: { [instanceIdAttribute]: 'gone' } }

test('spans go with what is above them, in whatever order they are and in a circle as well', () => {
  const parents = { a: 'b', b: 'c', c: null, d: 'b', e: 'f', f: 'g', g: 'e', h: 'g', i: 'j', j: step, k: 'i' }
  expect(told(parents).whose).toEqual({ caller: 'abcdefgh', unexpected: 'ijk', gone: '' })
  expect(told(parents, { b: ofGone, f: ofGone }).whose).toEqual({ caller: 'c', unexpected: 'ijk', gone: 'abdefgh' })
})

test('a long chain of them is walked once, not once for each', () => {
  const length = 15_000
  const chain = Object.fromEntries(
    Array.from({ length }, (_, index) => [`s${index}`, index + 1 < length ? `s${index + 1}` : null]),
  )
  expect(told(chain).looks).toBeLessThan(4 * length)
})
