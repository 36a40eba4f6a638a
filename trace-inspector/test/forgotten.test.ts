import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectorJudge } from '../../cli/verify/judge.ts'
import { verifyRuns } from '../../cli/verify/runs.ts'
import type { Verification } from '../src/verify/verify.ts'
import { type Service, startService } from '../../scripts/pair.ts'
import { listen } from '../../test/support/apps.ts'
import { named, only } from './support/meddler.ts'
import { startStack, type Stack } from './support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

const small = 'scenario=fanout&fanout=3&delay_ms=1'
const large = 'scenario=fanout&fanout=600&delay_ms=0'

const verify = async ({ url }: Service, traceId: string, waitS = 0) =>
  (await (await fetch(`${url}/traces/${traceId}/verify?wait_s=${waitS}`)).json()) as Verification

/** With an inspector of one's own at the end of the meddler. */
async function withInspector(env: Record<string, string>, use: (inspector: Service) => Promise<void>): Promise<void> {
  const inspector = await startService('trace-inspector', { AGENT_URLS: stack.agent.url, ...env })
  stack.meddler.target = inspector.url
  await use(inspector)
  stack.meddler.target = stack.inspector.url
  await inspector.stop()
}

test('a trace that had to go is forgotten, at once, and its spans are no differences', async () => {
  await withInspector({ INSPECTOR_MIB: '1' }, async (inspector) => {
    const { trace_id, spans } = await stack.run(small)
    expect(await verify(inspector, trace_id, 60)).toMatchObject({ verdict: 'complete' })
    const other = await stack.run(large)
    await verify(inspector, other.trace_id, 60)
    expect(await verify(inspector, trace_id, 600)).toMatchObject({
      verdict: 'forgotten',
      note: expect.stringMatching('INSPECTOR_MIB') as string,
      counts: { expected: spans.total, received: 0, excused: spans.total, missing: 0, differences: 0 },
    })
    const unknown = await fetch(`${inspector.url}/traces/${trace_id}`)
    expect([unknown.status, ((await unknown.json()) as { detail: string }).detail]).toEqual([
      404,
      expect.stringMatching('it came, and had to go to bound memory') as string,
    ])
  })
})

test('a run that is older than the inspector is forgotten, and the next that loses spans is not', async () => {
  const { trace_id, spans } = await stack.run(small)
  await stack.arrived(trace_id, spans.total)
  await withInspector({}, async (inspector) => {
    expect(await verify(inspector, trace_id)).toMatchObject({ verdict: 'forgotten', counts: { missing: 0 } })
    const { detail } = (await (await fetch(`${inspector.url}/traces/${trace_id}`)).json()) as { detail: string }
    expect(detail).toMatch(/nothing of it is here; what came before .*Z is not known$/)
    stack.meddler.meddle = only(named('checkpoint'), () => [])
    const next = await stack.run(small)
    await expect
      .poll(() => verify(inspector, next.trace_id))
      .toMatchObject({ verdict: 'incomplete', counts: { missing: 1 } })
    stack.meddler.meddle = (parcel) => [parcel]
  })
})

test('an agent that is slow to answer makes no run younger than the inspector', async () => {
  const begunAt = performance.now()
  const { trace_id, spans } = await stack.run(small)
  await stack.arrived(trace_id, spans.total)
  // It knows nothing, and takes as long to say so as the run is old.
  const slow = createServer((_, response) => {
    setTimeout(() => response.writeHead(404).end(), performance.now() - begunAt)
  })
  const agents = `${stack.agent.url},${await listen(slow)}`
  await withInspector({ AGENT_URLS: agents }, async (inspector) => {
    expect(await verify(inspector, trace_id)).toMatchObject({ verdict: 'forgotten', counts: { missing: 0 } })
  })
  slow.closeAllConnections()
  slow.close()
})

test('what may have gone to another in its place is forgotten, and what is all here is complete', async () => {
  await withInspector({ INSPECTOR_OVERLAP_S: '3600' }, async (inspector) => {
    const here = await stack.run(small)
    expect(await verify(inspector, here.trace_id, 60)).toMatchObject({ verdict: 'complete', note: null })
    stack.meddler.target = stack.inspector.url
    const { trace_id, spans } = await stack.run(small)
    await stack.arrived(trace_id, spans.total)
    expect(await verify(inspector, trace_id)).toMatchObject({
      verdict: 'forgotten',
      counts: { excused: spans.total, missing: 0 },
    })
  })
})

test('a run that began before the inspector and came in time is complete', async () => {
  stack.meddler.hold()
  const { trace_id, spans } = await stack.run(small)
  await expect.poll(() => stack.meddler.held()).toBe(spans.total)
  await withInspector({}, async (inspector) => {
    const verification = verify(inspector, trace_id, 60)
    await stack.meddler.release()
    expect(await verification).toMatchObject({ verdict: 'complete', note: null, counts: { excused: 0 } })
  })
})

test.each([false, true])('what is forgotten neither passes nor fails, sampled or not (%s)', async (isSampled) => {
  const { trace_id, spans } = await stack.run(small)
  await stack.arrived(trace_id, spans.total)
  await withInspector({}, async (inspector) => {
    stack.meddler.meddle = () => []
    const { judge } = inspectorJudge(inspector.url)
    const ofThis = { name: '', isThere: async () => {}, judge: (_: string, waitS: number) => judge(trace_id, waitS) }
    const plays = [{ scenario: 'fanout', path: `/run?${small}` }]
    for await (const outcome of verifyRuns(stack.agent.url, plays, ofThis, { waitS: 0, isSampled, begins: () => {} }))
      expect(outcome).toMatchObject({ passed: null, verification: { verdict: 'forgotten' } })
    stack.meddler.meddle = (parcel) => [parcel]
  })
})
