import { type LedgerAnswer, ledgerSchemaVersion, type RunLedger, type Sender } from 'contract/ledger'
import { Lifecycle } from 'service-kit/serve'
import request from 'supertest'
import { expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { FileLedgers } from '../src/file/ledgers.ts'
import { decodeJson } from '../src/otlp/json.ts'
import { Traces } from '../src/traces.ts'
import { excuseOf } from '../src/verify/excuse.ts'
import { verify } from '../src/verify/verify.ts'
import { spanOf } from './support/otlp.ts'
import { simulateFile } from './support/simulated-file.ts'

const service = 'synthetic-agent-app'
const senderOf = (service: string, ...endpoints: string[]): Sender => ({
  service,
  scope: { name: 'agent-app', version: '' },
  resource: null,
  destinations: endpoints.map((endpoint) => ({ endpoint, queued: 0 })),
})
const ledgerOf = (...senders: Sender[]): LedgerAnswer => ({
  schema_version: ledgerSchemaVersion,
  trace_id: 'of which nothing came',
  runs: [],
  senders,
})

/** An inspector that spans of these services came to. */
function tracesOf(...services: string[]): Traces {
  const traces = new Traces(64 * 1024 * 1024)
  const resourceSpans = services.map((name, index) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
    scopeSpans: [{ spans: [spanOf({ traceId: 'ab'.repeat(16), spanId: (index + 1).toString(16).padStart(16, '0') })] }],
  }))
  const { spans, rejected } = decodeJson(Buffer.from(JSON.stringify({ resourceSpans })))
  expect(rejected).toBe(0)
  traces.add(spans)
  return traces
}
const excuseFor = (traces: Traces, ...senders: Sender[]) =>
  excuseOf(ledgerOf(...senders), performance.now(), traces)?.verdict

test('of several senders one that was heard of is enough to call spans lost, wherever it sends them now', () => {
  const [known, unknown] = [senderOf(service, 'http://sink'), senderOf('another', 'http://sink')]
  expect(excuseFor(tracesOf(service), known)).toBeUndefined()
  expect(excuseFor(tracesOf(service), known, unknown)).toBeUndefined()
  expect(excuseFor(tracesOf('a third'), known, unknown)).toBe('elsewhere')
})

test('what is absent comes with where its senders say that they send it', async () => {
  const { ledgers } = await simulateFile(['human'])
  const run = { ...(JSON.parse(ledgers.toString()) as RunLedger), age_ms: 0 }
  const senders = [senderOf(service, 'http://one', 'http://two'), senderOf(service)]
  expect(verify({ ...ledgerOf(...senders), runs: [run] })).toMatchObject({
    verdict: 'absent',
    note: `${service} sends its spans to http://one and http://two; ${service} sends its spans nowhere by OTLP`,
  })
  expect(verify({ ...ledgerOf(...senders), runs: [{ ...run, sampled: false }] })).toMatchObject({
    verdict: 'absent',
    note: null,
  })
  expect(verify({ ...ledgerOf(), runs: [run] })).toMatchObject({ verdict: 'absent', note: null })
})

test.each([
  ['absent', 0, /^trace-inspector turned down so far: .*ALLOWED_HOSTS takes more names$/],
  ['forgotten', 3_600_000, /^The run began before .*; trace-inspector turned down so far: .*ALLOWED_HOSTS/],
])('what is missing and %s comes with what was turned down', async (verdict, overlapMs, note) => {
  const file = await simulateFile(['human'])
  const traceId = file.traceIds[0] as string
  const ledgers = new FileLedgers(1_000_000)
  ledgers.add(traceId, file.ledgers)
  const deps = { agents: [], maxBytes: 1_000_000, lifecycle: new Lifecycle(), allowedHosts: [], ledgers, overlapMs }
  const { app } = createApp(deps)
  await request(app).post('/v1/traces').set('Host', 'inspector.lan').send({ resourceSpans: [] }).expect(421)
  const { body } = await request(app).get(`/traces/${traceId}/verify`).expect(200)
  expect(body).toMatchObject({
    verdict,
    note: expect.stringMatching(note) as string,
    not_taken: { refused_requests: 1 },
  })
})
