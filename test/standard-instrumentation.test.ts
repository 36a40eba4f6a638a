import type { LedgerAnswer } from 'contract/ledger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inFlight } from '../packages/service-kit/test/support/requests.ts'
import { countByName, type ReceivedSpan, type Receiver, startReceiver } from './support/receiver.ts'
import { runScenario } from './support/runs.ts'
import { exportingTo, type Pair, startPair } from './support/services.ts'

describe('the standard instrumentation of HTTP', () => {
  let receiver: Receiver
  let standard: Pair
  beforeAll(async () => {
    receiver = await startReceiver()
    standard = await startPair({ ...exportingTo(receiver.url), OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,express' })
  })
  afterAll(async () => {
    await standard.stop()
    await receiver.close()
  })

  it('makes the SERVER spans where it is enabled', async () => {
    const { trace_id } = await runScenario(standard.agent.url, 'fanout', 'fanout=5&delay_ms=5')
    const received = () => receiver.spans.filter((span) => span.trace_id === trace_id)
    const serversOf = (spans: ReceivedSpan[]) => spans.filter(({ kind }) => kind === 'server')
    await expect.poll(() => countByName(serversOf(received()))).toEqual({ 'GET /run': 1, 'GET /tool/:tool_name': 5 })
    const servers = serversOf(received())
    // Ours have no port of the peer.
    expect(servers.filter(({ attributes }) => attributes['network.peer.port'] === undefined)).toEqual([])
    const request = servers.find(({ name }) => name === 'GET /run')
    const workflow = received().find(({ name }) => name === 'invoke_workflow fanout')
    expect(workflow?.parent_span_id).toBe(request?.span_id)
  })

  it('takes no context from what it does not read, and the ledger knows that', async () => {
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
    const asked = { jsonrpc: '2.0', id: 1, method: 'tools/call' }
    const params = { name: 'transfer_to_agent', _meta: { traceparent } }
    const response = await fetch(`${standard.agent.url}/mcp`, {
      method: 'POST',
      body: JSON.stringify({ ...asked, params }),
    })
    const { result } = (await response.json()) as { result: { _meta: Record<string, { trace_id: string }> } }
    const { trace_id = '' } = result._meta['synthetic-agents/run'] ?? {}
    const ledger = await fetch(`${standard.agent.url}/runs/${trace_id}`)
    const { runs } = (await ledger.json()) as LedgerAnswer
    const request = () => receiver.spans.find((span) => span.trace_id === trace_id && span.name === 'POST /mcp')
    await expect.poll(request).toBeDefined()
    expect(runs.map(({ steps }) => steps[0]?.remote_parent_span_id)).toEqual([request()?.parent_span_id || null])
    expect(trace_id).not.toBe('ab'.repeat(16))
  })

  it('says as ours do that a client left', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const leaving = new AbortController()
    const answer = fetch(`${standard.agent.url}/run?scenario=human&human_delay_s=60`, {
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      signal: leaving.signal,
    })
    await inFlight(standard.agent.url, 1)
    leaving.abort()
    await expect(answer).rejects.toThrow('aborted')
    await inFlight(standard.agent.url, 0)
    const isRequest = ({ trace_id, name }: ReceivedSpan) => trace_id === traceId && name === 'GET /run'
    await expect.poll(() => receiver.spans.find(isRequest)).toMatchObject({ status: 'error' })
    expect(receiver.spans.find(isRequest)?.attributes['error.type']).toBe('cancelled')
  })
})
