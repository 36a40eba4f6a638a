import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { exportingTo, type Service, startService } from '../../scripts/pair.ts'
import type { Verification } from '../src/verify/verify.ts'
import { freePorts } from './support/backend.ts'
import { ahead, hasFaketime } from './support/faketime.ts'
import { changed, type Meddler, startMeddler } from './support/meddler.ts'
import type { Parcel } from './support/otlp.ts'

if (!hasFaketime) console.warn('skew.test.ts: libfaketime is not installed, so clocks that differ are not tested')

const tool = 'synthetic-tool-service'
/** One call after the other: what they leave room for is small even where a machine is busy. */
const run = 'scenario=chain&depth=8&delay_ms=5'

describe.runIf(hasFaketime)('with clocks that differ', () => {
  let meddler: Meddler
  let agent: Service
  let inspector: Service
  let toolPort: string

  beforeAll(async () => {
    toolPort = String((await freePorts(1))[0])
    meddler = await startMeddler()
    agent = await startAgent()
    inspector = await startService('trace-inspector', { AGENT_URLS: agent.url })
    meddler.target = inspector.url
  })
  afterEach(() => {
    meddler.meddle = (parcel) => [parcel]
  })
  afterAll(async () => {
    await agent.stop()
    await inspector.stop()
    await meddler.close()
  })

  const startAgent = (env: Record<string, string> = {}) =>
    startService('agent-app', { TOOL_BASE: `http://127.0.0.1:${toolPort}`, ...exportingTo(meddler.url), ...env })

  /** A run with a tool-service whose clock is ahead by so many seconds, verified once all has come. */
  async function verified(seconds: number, meddle: (parcels: Parcel[]) => Parcel[]) {
    const env = { PORT: toolPort, ...exportingTo(meddler.url), ...(seconds !== 0 && ahead(seconds)) }
    const tools = await startService('tool-service', env)
    onTestFinished(async () => void (await tools.stop()))
    meddler.hold()
    const answer = (await (await fetch(`${agent.url}/run?${run}`)).json()) as {
      trace_id: string
      spans: { total: number }
    }
    await expect.poll(() => meddler.held()).toBe(answer.spans.total)
    await meddler.release(meddle)
    const response = await fetch(`${inspector.url}/traces/${answer.trace_id}/verify?wait_s=200`)
    return (await response.json()) as Verification
  }
  const asTheyAre = (parcels: Parcel[]) => parcels

  test.each([0.005, -0.005, 0.3, -0.3, 3600])(
    'a tool-service that is %d s ahead is complete, and how far it is is said',
    async (seconds) => {
      const verification = await verified(seconds, asTheyAre)
      expect(verification).toMatchObject({ verdict: 'complete', counts: { differences: 0 } })
      const { [tool]: skew = 0, ...others } = verification.clock_skew_ms
      expect(others).toEqual({})
      // A few milliseconds may be hidden in the calls' own overhead; what is far beyond it may not.
      expect(Math.round(skew / 300) + 0).toBe(Math.round((seconds * 1000) / 300) + 0)
    },
  )

  test('an agent whose own clock is an hour off is complete, too, and its run is not taken for an old one', async () => {
    const [usual, usualInspector] = [agent, inspector]
    agent = await startAgent(ahead(-3600))
    inspector = await startService('trace-inspector', { AGENT_URLS: agent.url })
    meddler.target = inspector.url
    onTestFinished(async () => {
      await agent.stop()
      await inspector.stop()
      ;[agent, inspector] = [usual, usualInspector]
      meddler.target = inspector.url
    })
    const verification = await verified(0, asTheyAre)
    expect(verification).toMatchObject({ verdict: 'complete', counts: { differences: 0 } })
    expect(Math.round((verification.clock_skew_ms[tool] as number) / 300)).toBe(3_600_000 / 300)
    meddler.meddle = () => []
    const { trace_id } = (await (await fetch(`${agent.url}/run?${run}`)).json()) as { trace_id: string }
    const verify = async () => (await fetch(`${inspector.url}/traces/${trace_id}/verify`)).json()
    await expect.poll(verify).toMatchObject({ verdict: 'absent' })
  })

  test.each([
    ['before', 0],
    ['behind', 0],
    ['before', 0.3],
  ] as const)('one SERVER span 20 ms %s its CLIENT span is told, with a clock %d s ahead', async (where, seconds) => {
    const { verdict, counts, differences } = await verified(seconds, (parcels) => moved(parcels, where))
    expect([verdict, counts.differences, counts.time_changed]).toEqual(['altered', 1, 1])
    expect(differences[0]?.path).toMatch(/GET \/tool\/:tool_name \[link\/\d\/call\/0\/server\]$/)
  })
})

/** Moves one SERVER span by so much that it begins, or ends, 20 ms outside of its call, by whatever clock it has. */
function moved(parcels: Parcel[], where: 'before' | 'behind'): Parcel[] {
  const [server] = parcels.filter(({ span }) => span.kind === 2 && span.name.startsWith('GET /tool'))
  return parcels.map((parcel) => {
    if (parcel !== server) return parcel
    const call = parcels.find(({ span }) => span.spanId === parcel.span.parentSpanId) as Parcel
    const length = BigInt(call.span.endTimeUnixNano) - BigInt(call.span.startTimeUnixNano)
    const by = (length + 20_000_000n) * (where === 'before' ? -1n : 1n)
    return changed(parcel, ({ span }) => {
      span.startTimeUnixNano = String(BigInt(span.startTimeUnixNano) + by)
      span.endTimeUnixNano = String(BigInt(span.endTimeUnixNano) + by)
    })
  })
}
