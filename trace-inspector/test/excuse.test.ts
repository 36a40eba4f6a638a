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
const resourceOf = (instance: string | null): Record<string, string> => ({
  'service.name': service,
  ...(instance !== null && { 'service.instance.id': instance }),
})
const senderOf = (resource: Sender['resource'], ...endpoints: string[]): Sender => ({
  service,
  scope: { name: 'agent-app', version: '' },
  resource,
  destinations: endpoints.map((endpoint) => ({ endpoint, queued: 0 })),
})
const ledgerOf = (...senders: Sender[]): LedgerAnswer => ({
  schema_version: ledgerSchemaVersion,
  trace_id: 'of which nothing came',
  runs: [],
  senders,
})

let made = 0
/** An inspector that spans came to from these instances of the service; null is one that they do not name. */
function tracesOf(...instances: (string | null)[]): Traces {
  const traces = new Traces(64 * 1024 * 1024)
  const resourceSpans = instances.map((instance) => ({
    resource: {
      attributes: Object.entries(resourceOf(instance)).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    },
    scopeSpans: [{ spans: [spanOf({ traceId: 'ab'.repeat(16), spanId: (++made).toString(16).padStart(16, '0') })] }],
  }))
  const { spans, rejected } = decodeJson(Buffer.from(JSON.stringify({ resourceSpans })))
  expect(rejected).toBe(0)
  traces.add(spans)
  return traces
}
const excuseFor = (traces: Traces, ...senders: Sender[]) =>
  excuseOf(ledgerOf(...senders), performance.now(), traces)?.verdict

test.each<[string, (string | null)[], Sender['resource'], 'elsewhere' | undefined]>([
  ['none of its service came', [], resourceOf('b'), 'elsewhere'],
  ['spans of another process of its service came', ['a'], resourceOf('b'), 'elsewhere'],
  ['spans of it came', ['a', 'b'], resourceOf('b'), undefined],
  ['spans of its service came that name no process', ['a', null], resourceOf('b'), undefined],
  ['spans of its service came, and it does not say which process it is', ['a'], null, undefined],
  ['spans of its service came, and it names no process', ['a'], resourceOf(null), undefined],
  [
    'a name that is too long to keep is compared as far as it is',
    ['a'.repeat(5000)],
    resourceOf('a'.repeat(5000)),
    undefined,
  ],
  [
    'more processes came than are kept',
    Array.from({ length: 1200 }, (_, index) => String(index)),
    resourceOf('b'),
    undefined,
  ],
])('of a sender, %s', (_what, came, resource, excuse) => {
  expect(excuseFor(tracesOf(...came), senderOf(resource, 'http://sink'))).toBe(excuse)
})

test('of several senders one that was heard of is enough to call spans lost', () => {
  const [known, unknown] = [senderOf(resourceOf('a')), senderOf(resourceOf('b'))]
  expect(excuseFor(tracesOf('a'), known, unknown)).toBeUndefined()
  expect(excuseFor(tracesOf('c'), known, unknown)).toBe('elsewhere')
})

test('what is absent comes with where its senders say that they send it', async () => {
  const { ledgers } = await simulateFile(['human'])
  const run = { ...(JSON.parse(ledgers.toString()) as RunLedger), age_ms: 0 }
  const senders = [senderOf(resourceOf('a'), 'http://one', 'http://two'), senderOf(resourceOf('b'))]
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
