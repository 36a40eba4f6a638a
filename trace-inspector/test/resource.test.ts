import { ledgerSchemaVersion, type RunLedger } from 'contract/ledger'
import { agent } from 'simulate/play'
import { expect, test } from 'vitest'
import { decodeJson } from '../src/otlp/json.ts'
import { Trace } from '../src/trace.ts'
import { verify } from '../src/verify/verify.ts'
import type { OtlpRequest, OtlpValue } from './support/otlp.ts'
import { simulateFile } from './support/simulated-file.ts'

/** A run whose sender has this pid in its resource, and whose spans came with that one. */
async function verified(pid: string | number, came: OtlpValue) {
  const { spans, ledgers, traceIds } = await simulateFile(['human'])
  const trace = new Trace(traceIds[0] as string)
  for (const line of spans.toString().trim().split('\n')) {
    const request = JSON.parse(line) as OtlpRequest
    for (const { resource } of request.resourceSpans) resource.attributes.push({ key: 'process.pid', value: came })
    for (const span of decodeJson(Buffer.from(JSON.stringify(request))).spans) trace.add(span)
  }
  const resource = { 'service.name': agent.serviceName, 'process.pid': pid }
  const sender = { service: agent.serviceName, scope: { name: agent.serviceName, version: '' }, resource }
  return verify(
    {
      schema_version: ledgerSchemaVersion,
      trace_id: trace.id,
      runs: [{ ...(JSON.parse(ledgers.toString()) as RunLedger), age_ms: 0 }],
      senders: [{ ...sender, destinations: [] }],
    },
    trace,
  )
}

test('a whole number of a resource that came as a double was changed, once for all spans', async () => {
  expect(await verified(7, { intValue: 7 })).toMatchObject({ verdict: 'complete', differences: [] })
  const { verdict, differences } = await verified(7, { doubleValue: 7 })
  expect(verdict).toBe('altered')
  expect(differences).toMatchObject([
    {
      kind: 'resource_changed',
      expected: { 'process.pid': 7 },
      actual: { 'process.pid': { double: 7 }, spans: expect.any(Number) as number },
    },
  ])
})

test('so was one that came as text', async () => {
  const { differences } = await verified(7, { stringValue: '7' })
  expect(differences).toMatchObject([{ kind: 'resource_changed', actual: { 'process.pid': '7' } }])
})
