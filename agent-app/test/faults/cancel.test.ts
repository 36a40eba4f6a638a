import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatedCollector } from '../../../packages/service-kit/test/support/collector.ts'
import { exportingTo, type Pair, type Service, startPair, startService } from '../../../test/support/services.ts'
import { answerOf, inFlight } from '../../../packages/service-kit/test/support/requests.ts'
import { completeTrace, traceIdOf } from '../support/faults.ts'

let collector: SimulatedCollector
let pair: Pair
/** An agent that gives a run some time: on a machine that is busy too, enough for its first tool calls to be under way. */
let hurried: Service
const runTimeoutS = 30
beforeAll(async () => {
  collector = await SimulatedCollector.start()
  pair = await startPair(exportingTo(collector.url))
  hurried = await startService('agent-app', {
    ...exportingTo(collector.url),
    TOOL_BASE: pair.tools.url,
    RUN_TIMEOUT_S: String(runTimeoutS),
  })
})
afterAll(async () => {
  await hurried.stop()
  await pair.stop()
  await collector.down()
})

/**
 * A run of each scenario that is far from its end when its first tool calls are under way, and begins no other: one that is
 * cut off as it begins may not have reached its tool.
 */
const runs: Record<string, string> = {
  fanout: '/run?scenario=fanout&fanout=40&concurrency=10&delay_ms=600000',
  chain: '/run?scenario=chain&delay_ms=600000',
  retry: '/run?scenario=retry&fanout=40&delay_ms=600000',
  dag: '/run?scenario=dag&fanout=40&delay_ms=600000',
  react: '/run?scenario=react&delay_ms=600000',
  human: '/run?scenario=human&delay_ms=600000',
  rag: '/run?scenario=rag&delay_ms=600000',
  overflow: '/run?scenario=overflow&delay_ms=600000',
  loop: '/run?scenario=loop&delay_ms=600000',
  stream: '/stream?tool_delay_ms=600000&background_fanout=40',
  handoff: '/run?scenario=handoff&delay_ms=600000',
  cascade: '/run?scenario=cascade&calls=10&capacity=1000&load=10&trigger=none&delay_ms=60000',
  silent: '/run?scenario=silent&delay_ms=600000',
  hallucination: '/run?scenario=hallucination&hallucinations=0&delay_ms=600000',
}

/** What went on when its reason was gone: nothing, at either end, and no step but those that it cut off is marked. */
async function expectEnded(agentUrl: string, traceId: string, errorType: string, requestErrorType: string | undefined) {
  await inFlight(agentUrl, 0)
  await inFlight(pair.tools.url, 0)
  const { steps } = await completeTrace(agentUrl, collector, traceId)
  const endOf = ({ start_ms, duration_ms }: (typeof steps)[number]) => start_ms + (duration_ms as number)
  const [request, ...others] = steps
  const failed = others.filter(({ status }) => status === 'error')
  expect(new Set(failed.map(({ error_type }) => error_type))).toEqual(new Set([errorType]))
  expect(failed.map(({ facts }) => facts.operation)).toEqual(expect.arrayContaining(['invoke_workflow', 'http_client']))
  expect(request?.error_type ?? undefined).toBe(requestErrorType)
  const workflow = steps.find(({ facts }) => facts.operation === 'invoke_workflow')
  expect(Math.max(...others.map(endOf))).toBe(endOf(workflow as NonNullable<typeof workflow>))
  // tool-service was left in the middle of every call, and says so on the spans of its own.
  const attempts = new Set(steps.filter(({ facts }) => facts.operation === 'http_client').map(({ span_id }) => span_id))
  const servers = () => [...collector.spans.values()].filter(({ parentSpanId }) => attempts.has(parentSpanId))
  await collector.until(() => servers().length === attempts.size)
  expect(
    servers().every(({ status, attributes }) => status === 'error' && attributes['error.type'] === 'cancelled'),
  ).toBe(true)
}

describe.each(Object.entries(runs))('%s', (scenario, path) => {
  it('ends when its client leaves, with its spans marked', async () => {
    const calls = ['fanout', 'stream', 'cascade'].includes(scenario) ? 10 : ['dag', 'retry'].includes(scenario) ? 20 : 1
    const request = get(`${pair.agent.url}${path}`).on('error', () => {})
    await answerOf(pair.tools.url, '/health', ({ body }) => Number(body.in_flight) >= calls)
    const traceId = await traceIdOf(pair.agent.url)
    request.destroy()
    await expectEnded(pair.agent.url, traceId, 'cancelled', 'cancelled')
  })
})

describe('a run that has a time', () => {
  interface Ended {
    status: number
    traceId: string
    text: string
  }
  async function ended(path: string): Promise<Ended> {
    const response = await fetch(`${hurried.url}${path}`)
    const traceId = response.headers.get('x-trace-id') as string
    return { status: response.status, traceId, text: await response.text() }
  }

  /** All at once: each takes all the time that it has. */
  const ends = new Map<string, Ended>()
  beforeAll(async () => {
    await Promise.all(Object.entries(runs).map(async ([name, path]) => ends.set(name, await ended(path))))
  })

  it.each(Object.keys(runs))('ends when that is over, and says so: %s', async (scenario) => {
    const { status, traceId, text } = ends.get(scenario) as Ended
    if (scenario === 'stream') {
      expect(text).toMatch(new RegExp(`\\nerror The run took longer than ${runTimeoutS * 1000} ms\\n$`))
    } else {
      expect(status).toBe(504)
      expect(JSON.parse(text)).toMatchObject({ title: 'Run timed out', trace_id: traceId })
    }
    await expectEnded(hurried.url, traceId, 'timeout', scenario === 'stream' ? undefined : '504')
  })
})
