import { fc } from '../../../test/support/properties.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  expectDecent,
  hostileRequest,
  rawRequest,
  sendRaw,
} from '../../../packages/service-kit/test/support/hostile.ts'
import { type Pair, startPair } from '../../../test/support/services.ts'
import { scenarios } from 'engine/scenarios/index'
import { inFlight } from '../../../packages/service-kit/test/support/requests.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair({ TOOL_DELAY_MS: '0', RUN_TIMEOUT_S: '1' })
})
afterAll(() => pair.stop())

const runs = scenarios.map(({ name, path }) => (path === '/run' ? `/run?scenario=${name}&llm_delay_ms=0` : path))
const api = {
  paths: [
    ...runs,
    '/',
    '/run',
    '/run/chain',
    '/runs',
    '/runs/0af7651916cd43dd8448eb211c80319c',
    '/scenarios',
    '/telemetry',
    '/openapi.json',
    '/health',
    '/ready',
  ],
  parameters: ['scenario', 'seed', 'conversation_id', ...scenarios.flatMap(({ params }) => Object.keys(params))],
}
/** 504 is a run that took longer than this process lets it. */
const documented = [200, 400, 404, 405, 431, 504]

describe('agent-app', () => {
  it('answers whatever is sent to it with what is documented, and lives on', async () => {
    await fc.assert(
      fc.asyncProperty(hostileRequest(api), async (request) => {
        expectDecent(await sendRaw(pair.agent.url, request), request.startsWith('HEAD'), documented)
      }),
      { numRuns: 1000 },
    )
    await inFlight(pair.agent.url, 0)
    await inFlight(pair.tools.url, 0)
    expect(pair.agent.output.filter((line) => / failed:|Error|at /.test(line))).toEqual([])
  })

  it('names a bounded number of unknown parameters, however many there are', async () => {
    const query = Array.from({ length: 1500 }, (_, index) => `p${index}=1`).join('&')
    const answer = await sendRaw(pair.agent.url, rawRequest('GET', `/run?${query}`))
    expectDecent(answer, false, [400])
    expect(answer.body.length).toBeLessThan(50_000)
  })
})
