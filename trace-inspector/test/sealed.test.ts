import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Service, startService } from '../../scripts/pair.ts'
import type { Verification } from '../src/verify/verify.ts'
import { type Stack, startStack } from './support/stack.ts'

const ANSWERS_TOKEN = 'whoever-shows-this-reads-it-all'
let stack: Stack
/** Shows agents no token. */
let stranger: Service
beforeAll(async () => {
  stack = await startStack({}, { ANSWERS_TOKEN }, { ANSWERS_TOKEN })
  stranger = await startService('trace-inspector', { AGENT_URLS: stack.agent.url })
})
afterAll(async () => {
  await stranger.stop()
  await stack.stop()
})

const shown = { authorization: `Bearer ${ANSWERS_TOKEN}` }
async function ask(path: string, init: RequestInit = {}, { url } = stack.inspector) {
  const response = await fetch(`${url}/traces/${path}`, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const handIn = (traceId: string, span_ids: string[] = []) =>
  ask(`${traceId}/answer`, { method: 'POST', body: JSON.stringify({ span_ids }) })

/** A blind run all of whose spans have come. */
async function blindRun(parameters: string): Promise<string> {
  const headers = { 'x-run-parameters': `blind=true&delay_ms=20&llm_delay_ms=1&${parameters}` }
  const response = await fetch(`${stack.agent.url}/run`, { headers })
  const { trace_id } = (await response.json()) as { trace_id: string }
  return trace_id
}

describe('the trace of a blind run', () => {
  let traceId: string
  beforeEach(async () => {
    traceId = await blindRun('scenario=dag&fanout=10&straggler_factor=10&error_rate=0.1')
    expect(await stack.verify(traceId, 200)).toMatchObject({ verdict: 'complete', sealed: true, run: 'closed' })
  })

  test('tells what came of its spans, and nothing of what the run knows, until it is answered', async () => {
    for (const path of ['reveal', 'runs', 'picture?ledger=1']) {
      const { status, body } = await ask(`${traceId}/${path}`)
      expect([path, status, body.title]).toEqual([path, 423, 'Sealed'])
      expect((await ask(`${traceId}/${path}`, { headers: shown })).status).toBe(200)
    }
    expect((await ask(`${traceId}/picture`)).status).toBe(200)
    const agent = new URL(stack.agent.url).host
    const passedOn = (headers = {}) => fetch(`${stack.inspector.url}/agents/${agent}/runs/${traceId}`, { headers })
    expect([(await passedOn()).status, (await passedOn(shown)).status]).toEqual([423, 200])

    const first = await handIn(traceId)
    expect(first).toMatchObject({ status: 200, body: { verdict: 'wrong', recall: 0 } })
    expect(await handIn(traceId, first.body.culprits as string[])).toMatchObject({
      status: 409,
      body: { title: 'Answered' },
    })
    expect((await ask(`${traceId}/reveal`)).body).toMatchObject({ kind: 'critical_path' })
    for (const path of ['runs', 'picture?ledger=1']) expect((await ask(`${traceId}/${path}`)).status).toBe(200)
    expect(await stack.verify(traceId)).toMatchObject({ verdict: 'complete', sealed: false })
  })

  test('takes one answer, however many come at once, here and elsewhere', async () => {
    const here = Array.from({ length: 8 }, () => handIn(traceId))
    const answer = { method: 'POST', body: '{"span_ids":[]}' }
    const elsewhere = Array.from({ length: 8 }, () => ask(`${traceId}/answer`, answer, stranger))
    const statuses = (await Promise.all([...here, ...elsewhere])).map(({ status }) => status)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(15).fill(409)])
  })

  test('cannot be verified by who has no token, and can be answered', async () => {
    expect(await ask(`${traceId}/verify`, {}, stranger)).toMatchObject({ status: 423, body: { title: 'Sealed' } })
    expect(await ask(`${traceId}/answer`, { method: 'POST', body: '{"span_ids":[]}' }, stranger)).toMatchObject({
      status: 200,
    })
    expect((await ask(`${traceId}/verify`, {}, stranger)).status).toBe(200)
  })
})

test('what was done to the spans of a sealed run is counted, and not told one by one', async () => {
  stack.meddler.meddle = (parcel) => {
    if (parcel.span.name !== 'execute_tool search') return [parcel]
    return [{ ...parcel, span: { ...parcel.span, name: 'renamed' } }]
  }
  const traceId = await blindRun('scenario=fanout&fanout=10')
  const verify = (headers = {}) => ask(`${traceId}/verify?wait_s=200`, { headers })
  const { body } = await verify()
  stack.meddler.meddle = (parcel) => [parcel]
  expect(body as unknown as Verification).toMatchObject({ verdict: 'altered', counts: { renamed: 2 }, differences: [] })
  expect((await verify(shown)).body.differences).toHaveLength(2)
})
