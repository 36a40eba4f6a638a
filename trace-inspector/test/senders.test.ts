import { afterEach, beforeEach, expect, test } from 'vitest'
import { exportingTo, type Pair, type Service, startPair, startService } from '../../scripts/pair.ts'
import type { Verification } from '../src/verify/verify.ts'
import { freePorts } from './support/backend.ts'
import { type Meddler, startMeddler } from './support/meddler.ts'
import type { RunAnswer } from './support/stack.ts'

let meddler: Meddler
let inspector: Service
let pair: Pair
let nobody: string

beforeEach(async () => {
  const [port, dead] = await freePorts(2)
  meddler = await startMeddler()
  meddler.target = `http://127.0.0.1:${port}`
  nobody = `http://127.0.0.1:${dead}`
})
afterEach(async () => {
  await pair.stop()
  await inspector.stop()
  await meddler.close()
})

/** A run of a pair with this environment, and how to verify it at an inspector that knows the pair. */
async function run(env: Record<string, string>) {
  pair = await startPair({ FLUSH_TIMEOUT_S: '0', ...env })
  inspector = await startService('trace-inspector', {
    AGENT_URLS: pair.agent.url,
    INSPECTOR_PORT: new URL(meddler.target).port,
  })
  const response = await fetch(`${pair.agent.url}/run?scenario=fanout&fanout=3&delay_ms=1`)
  const { trace_id, spans } = (await response.json()) as RunAnswer
  const verify = async (waitS: number) => {
    const answer = await fetch(`${inspector.url}/traces/${trace_id}/verify?wait_s=${waitS}`)
    return (await answer.json()) as Verification
  }
  return { total: spans.total, verify }
}

test('spans that wait at their sender are queued, and not lost', async () => {
  const { total, verify } = await run(exportingTo(nobody))
  const verification = await verify(1)
  expect(verification).toMatchObject({
    verdict: 'queued',
    counts: { received: 0, excused: total, missing: 0, differences: 0 },
  })
  expect(verification.note).toMatch(`spans or less still wait at synthetic-agent-app for ${nobody}`)
})

test('spans of a service of which nothing ever came went elsewhere; once something came they are lost', async () => {
  meddler.meddle = () => []
  const { total, verify } = await run(exportingTo(meddler.url))
  const verification = await verify(5)
  expect(verification).toMatchObject({
    verdict: 'elsewhere',
    note: `synthetic-agent-app sends its spans to ${meddler.url}, and none has ever come here`,
    counts: { excused: total, missing: 0, differences: 0 },
  })
  meddler.meddle = (parcel) => [parcel]
  const second = await fetch(`${pair.agent.url}/run?scenario=fanout&fanout=3&delay_ms=1`)
  const { trace_id } = (await second.json()) as RunAnswer
  const answer = await fetch(`${inspector.url}/traces/${trace_id}/verify?wait_s=30`)
  expect(await answer.json()).toMatchObject({ verdict: 'complete' })
  expect(await verify(0)).toMatchObject({
    verdict: 'absent',
    note: `synthetic-agent-app sends its spans to ${meddler.url}`,
    counts: { excused: 0, missing: total },
  })
})

test('a service that exports nothing says so', async () => {
  const { verify } = await run({ OTEL_TRACES_EXPORTER: 'none' })
  expect(await verify(0)).toMatchObject({
    verdict: 'elsewhere',
    note: 'synthetic-agent-app sends its spans nowhere by OTLP, and none has ever come here',
  })
})

test('ALSO_SEND_SPANS_TO sends them to two places, one of which may be gone, and headers to the first alone', async () => {
  const { verify } = await run({
    ...exportingTo(nobody),
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
    ALSO_SEND_SPANS_TO: meddler.url,
  })
  expect(await verify(30)).toMatchObject({ verdict: 'complete' })
  const telemetry = await (await fetch(`${pair.agent.url}/telemetry`)).json()
  expect(telemetry).toMatchObject({
    exported: 0,
    destinations: [
      { endpoint: nobody, exported: 0 },
      { endpoint: meddler.url, queued: 0, refused: 0, dropped: 0 },
    ],
  })
  expect(meddler.headers?.authorization).toBeUndefined()
})
