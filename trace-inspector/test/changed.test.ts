import { ledgerSchemaVersion, type RunLedger, type Sender } from 'contract/ledger'
import { agent } from 'simulate/play'
import { expect, test } from 'vitest'
import { decodeJson } from '../src/otlp/json.ts'
import { Trace } from '../src/trace.ts'
import { verify } from '../src/verify/verify.ts'
import { type OtlpRequest, type OtlpSpan, type OtlpValue, type Parcel, unpack } from './support/otlp.ts'
import { simulateFile } from './support/simulated-file.ts'

/** A simulated run whose spans came changed, and what its sender says of itself. */
async function verified(scenario: string, change: (parcel: Parcel) => void, resource: Sender['resource'] = null) {
  const { spans, ledgers, traceIds } = await simulateFile([scenario])
  const trace = new Trace(traceIds[0] as string)
  for (const line of spans.toString().trim().split('\n')) {
    const request = JSON.parse(line) as OtlpRequest
    unpack(request).forEach(change)
    for (const span of decodeJson(Buffer.from(JSON.stringify(request))).spans) trace.add(span)
  }
  const { serviceName: service } = agent
  const sender = { service, scope: { name: service, version: '' }, resource, destinations: [] }
  const runs = [{ ...(JSON.parse(ledgers.toString()) as RunLedger), age_ms: 0 }]
  return verify({ schema_version: ledgerSchemaVersion, trace_id: trace.id, runs, senders: [sender] }, trace)
}

test.each<[string, OtlpValue, unknown]>([
  ['a double', { doubleValue: 7 }, { double: 7 }],
  ['text', { stringValue: '7' }, '7'],
])('a whole number of a resource that came as %s was changed, once for all spans', async (_what, came, actual) => {
  const resource = { 'service.name': agent.serviceName, 'process.pid': 7 }
  const withPid = (value: OtlpValue) => (parcel: Parcel) => {
    const others = parcel.resource.attributes.filter(({ key }) => key !== 'process.pid')
    parcel.resource.attributes = [...others, { key: 'process.pid', value }]
  }
  expect(await verified('human', withPid({ intValue: 7 }), resource)).toMatchObject({ verdict: 'complete' })
  const { verdict, differences } = await verified('human', withPid(came), resource)
  expect(verdict).toBe('altered')
  expect(differences).toMatchObject([
    {
      kind: 'resource_changed',
      expected: { 'process.pid': 7 },
      actual: { 'process.pid': actual, spans: expect.any(Number) as number },
    },
  ])
})

test('a link that came twice was added once', async () => {
  const linked: OtlpSpan[] = []
  const repeat = ({ span }: Parcel) => {
    const [link] = span.links ?? []
    if (!link || linked.length > 0) return
    span.links?.push(link)
    linked.push(span)
  }
  const { verdict, differences } = await verified('dag', repeat)
  expect(verdict).toBe('altered')
  expect(differences).toMatchObject([{ kind: 'link_added', span_id: linked[0]?.spanId, expected: null }])
})
