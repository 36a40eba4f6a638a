import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportingTo, startService } from '../../scripts/pair.ts'
import { changed, named, only } from './support/meddler.ts'
import { pack, resourceOf, spanOf } from './support/otlp.ts'
import { startStack, type Stack } from './support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

async function send(service: string, span: Parameters<typeof spanOf>[0]): Promise<void> {
  const response = await fetch(`${stack.inspector.url}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(pack([{ resource: resourceOf(service), span: spanOf(span) }])),
  })
  expect(response.status).toBe(200)
}

/** The span of a caller, and the header that makes it one. */
function caller(traceId: string) {
  const parent = { traceId, spanId: '0123456789abcdef' }
  return { parent, headers: { traceparent: `00-${traceId}-${parent.spanId}-01` } }
}

const small = 'scenario=fanout&fanout=3&delay_ms=1'

test('the trace state of a caller is on every span, and is missed where it is lost', async () => {
  const { headers } = caller('b7'.repeat(16))
  const sent = { ...headers, tracestate: 'shop=t61rcWkgMzE,other=1' }
  const { trace_id } = await stack.run(small, sent)
  expect(await stack.verify(trace_id, 200)).toMatchObject({ verdict: 'complete' })
  stack.meddler.meddle = (parcel) => [changed(parcel, ({ span }) => delete span.traceState)]
  const { trace_id: lossy, spans } = await stack.run(small, {
    ...sent,
    traceparent: `00-${'b8'.repeat(16)}-0123456789abcdef-01`,
  })
  expect(await stack.verify(lossy, 60)).toMatchObject({
    verdict: 'altered',
    counts: { trace_state_changed: spans.total, differences: spans.total },
  })
  stack.meddler.meddle = (parcel) => [parcel]
})

test('who misses spans is told of those that were turned down here', async () => {
  stack.meddler.meddle = (parcel) => [changed(parcel, ({ span }) => Object.assign(span, { name: 5 }))]
  const { trace_id, spans } = await stack.run(small)
  const rejected = async () => (await stack.get<{ rejected_spans: number }>('/health')).rejected_spans
  await expect.poll(rejected).toBe(spans.total)
  expect(await stack.verify(trace_id)).toMatchObject({
    verdict: 'absent',
    note: expect.stringMatching(
      new RegExp(
        `^synthetic-agent-app sends its spans to .*; trace-inspector turned down so far: spans ${spans.total}, .*name: expected text$`,
      ),
    ) as string,
    not_taken: { rejected_spans: spans.total, refused_requests: 0 },
  })
  stack.meddler.meddle = (parcel) => [parcel]
  const { trace_id: whole } = await stack.run(small)
  expect(await stack.verify(whole, 200)).toMatchObject({ verdict: 'complete', note: null })
})

test('a run below a caller is complete, whether the caller sends its own spans or not', async () => {
  const { parent, headers } = caller('a1'.repeat(16))
  const { trace_id, spans } = await stack.run(small, headers)
  expect(trace_id).toBe(parent.traceId)
  expect(await stack.verify(trace_id, 200)).toMatchObject({
    verdict: 'complete',
    counts: { orphaned: 0, of_caller: 0 },
  })
  await send('shop', parent)
  expect(await stack.verify(trace_id)).toMatchObject({
    verdict: 'complete',
    counts: { received: spans.total + 1, of_caller: 1, unexpected: 0 },
  })
  // One that the run's own services made beside it is no caller's.
  await send('synthetic-tool-service', { ...parent, spanId: 'fedcbafedcbafedc' })
  expect(await stack.verify(trace_id)).toMatchObject({ verdict: 'altered', counts: { of_caller: 1, unexpected: 1 } })
  // Nor is another's inside the run.
  const inside = (await stack.get<{ columns: { span_id: string[] } }>(`/traces/${trace_id}`)).columns.span_id
  await send('proxy', { traceId: trace_id, spanId: 'abcdefabcdefabcd', parentSpanId: inside.at(-1) as string })
  expect(await stack.verify(trace_id)).toMatchObject({ verdict: 'altered', counts: { of_caller: 1, unexpected: 2 } })
})

test('runs of several agents in one trace are verified together', async () => {
  const other = await startService('agent-app', { TOOL_BASE: stack.tools.url, ...exportingTo(stack.meddler.url) })
  const inspector = await startService('trace-inspector', { AGENT_URLS: `${stack.agent.url},${other.url}/` })
  stack.meddler.target = inspector.url
  const { parent, headers } = caller('b2'.repeat(16))
  const first = await stack.run(small, headers)
  const second = await stack.run('scenario=react&max_steps=2&delay_ms=1', headers)
  await fetch(`${other.url}/run?${small}`, { headers })
  const response = await fetch(`${inspector.url}/traces/${parent.traceId}/verify?wait_s=200`)
  expect(await response.json()).toMatchObject({
    verdict: 'complete',
    counts: { expected: 2 * first.spans.total + second.spans.total },
  })
  stack.meddler.target = stack.inspector.url
  await other.stop()
  await inspector.stop()
})

test('a run that has ended is drawn by what its agent told when it was verified: the agent may have gone', async () => {
  const other = await startService('agent-app', { TOOL_BASE: stack.tools.url, ...exportingTo(stack.meddler.url) })
  const inspector = await startService('trace-inspector', { AGENT_URLS: other.url })
  stack.meddler.target = inspector.url
  stack.meddler.meddle = only(named('checkpoint'), () => [])
  const { trace_id } = (await (await fetch(`${other.url}/run?${small}`)).json()) as { trace_id: string }
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${inspector.url}/traces/${trace_id}/${path}`, init)
    return { status: response.status, ...((await response.json()) as object) }
  }
  await expect.poll(() => ask('verify')).toMatchObject({ verdict: 'incomplete', run: 'closed' })
  await other.stop()
  expect(await ask('picture?ledger=1')).toMatchObject({ status: 200, judged: expect.anything() as unknown })
  // It alone takes the one answer, and opens what it sealed.
  expect(await ask('answer', { method: 'POST', body: '{"span_ids":[]}' })).toMatchObject({ status: 404 })
  expect(await ask('runs')).toMatchObject({ status: 404 })
  expect(await ask('picture?ledger=1')).toMatchObject({ status: 404 })
  stack.meddler.meddle = (parcel) => [parcel]
  stack.meddler.target = stack.inspector.url
  await inspector.stop()
})

test('a run that nobody sampled is absent, and nobody waits for it', async () => {
  const headers = { traceparent: `00-${'c3'.repeat(16)}-0123456789abcdef-00` }
  const { trace_id } = await stack.run(small, headers)
  expect(await stack.verify(trace_id, 600)).toMatchObject({
    verdict: 'absent',
    run: 'closed',
    counts: { expected: 0, missing: 0 },
  })
})

test('a run under way is incomplete; one that its client left is complete once it has ended', async () => {
  const leaving = new AbortController()
  const answer = fetch(`${stack.agent.url}/run?scenario=human&human_delay_s=3600&delay_ms=1`, {
    signal: leaving.signal,
  })
  const recent = async () => {
    const { runs } = (await (await fetch(`${stack.agent.url}/runs`)).json()) as {
      runs: { trace_id: string; scenario: string }[]
    }
    return runs[0]
  }
  await expect.poll(recent).toMatchObject({ scenario: 'human' })
  const traceId = (await recent())?.trace_id as string
  // Both chats, execute_tool, GET and its SERVER span have ended; all above them goes on.
  await stack.arrived(traceId, 5)
  expect(await stack.verify(traceId)).toMatchObject({ verdict: 'incomplete', run: 'running', counts: { orphaned: 3 } })
  const waited = stack.verify(traceId, 60)
  leaving.abort()
  await expect(answer).rejects.toThrow('aborted')
  expect(await waited).toMatchObject({ verdict: 'complete', run: 'closed', counts: { expected: 9 } })
})

test('the SERVER span of a call that got no answer may come, and need not', async () => {
  let toolUrl = ''
  // Answers never: the request is passed on, so the tool makes its span.
  const silent = createServer((request, response) => {
    const { headers } = request
    request.on('close', () => response.destroy())
    forward(`${toolUrl}${request.url}`, { headers }, (answer) => answer.resume()).end()
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const stack = await startStack({}, { TOOL_BASE: base, TOOL_TIMEOUT_MS: '200' })
  toolUrl = stack.tools.url
  const { trace_id, ok } = await stack.run('scenario=chain&depth=3&delay_ms=1')
  expect(ok).toBe(false)
  await stack.arrived(trace_id, 10)
  expect(await stack.verify(trace_id)).toMatchObject({
    verdict: 'complete',
    counts: { expected: 9, received: 10, not_owed: 1, unexpected: 0 },
  })
  await stack.stop()
  silent.closeAllConnections()
  silent.close()
})

test('a run of which no agent knows is a 404 that says what each of them said', async () => {
  const nobody = 'http://127.0.0.1:9'
  const inspector = await startService('trace-inspector', { AGENT_URLS: `${stack.agent.url},${nobody}` })
  const response = await fetch(`${inspector.url}/traces/${'d4'.repeat(16)}/verify`)
  expect(response.status).toBe(404)
  expect(response.headers.get('content-type')).toMatch('application/problem+json')
  const { detail } = (await response.json()) as { detail: string }
  expect(detail).toMatch(`${stack.agent.url} does not know it; ${nobody} does not answer (ECONNREFUSED)`)
  await inspector.stop()
})
