import { fc } from '../../../test/support/properties.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  expectDecent,
  hostileRequest,
  rawRequest,
  sendRaw,
} from '../../../packages/service-kit/test/support/hostile.ts'
import { type Service, startService } from '../../../test/support/services.ts'

let service: Service
beforeAll(async () => {
  service = await startService('tool-service', { TOOL_DELAY_MS: '0' })
})
afterAll(async () => {
  await service.stop()
})

const api = {
  paths: ['/health', '/telemetry', '/tool/search', '/tool/x', '/tool/', '/tool', '/'],
  parameters: ['delay_ms', 'error_rate', 'payload_size_kb', 'stream', 'seed', 'key'],
}
/** 503 is what a tool answers that was asked to fail. */
const documented = [200, 400, 404, 405, 431, 503]

describe('tool-service', () => {
  it('answers whatever is sent to it with what is documented, and lives on', async () => {
    await fc.assert(
      fc.asyncProperty(hostileRequest(api), async (request) => {
        expectDecent(await sendRaw(service.url, request), request.startsWith('HEAD'), documented)
      }),
      { numRuns: 1000 },
    )
    expect(await (await fetch(`${service.url}/health`)).json()).toMatchObject({ status: 'ok', in_flight: 0 })
    expect(service.output.filter((line) => !line.includes('listens on'))).toEqual([])
  })

  it.each([
    ['a URL that is too long', rawRequest('GET', `/tool/${'x'.repeat(20_000)}`), 431],
    ['headers that are too long', rawRequest('GET', '/health', [['x-long', 'y'.repeat(20_000)]]), 431],
    ['no Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['something that is not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a method nobody knows', rawRequest('BREW', '/health'), 400],
    ['CONNECT', rawRequest('CONNECT', 'other.example:443'), 405],
    [
      'two lengths of a body',
      rawRequest('POST', '/health', [
        ['Content-Length', '5'],
        ['Transfer-Encoding', 'chunked'],
      ]),
      400,
    ],
    ['a broken escape in the path', rawRequest('GET', '/tool/%zz'), 400],
    ['a tool name that is too long', rawRequest('GET', `/tool/${'x'.repeat(129)}`), 400],
  ])('answers %s with a problem', async (_what, request, status) => {
    const answer = await sendRaw(service.url, request)
    expect(answer.status).toBe(status)
    expectDecent(answer, false, [status])
  })
})
