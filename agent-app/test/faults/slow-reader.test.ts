import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { duplexPair } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { agentApp } from '../../../test/support/apps.ts'
import { SimulatedClock } from '../../../test/support/simulated.ts'

/** Resolves when nothing has gone to the reader for a while because it takes nothing. */
async function untilStuck(response: ServerResponse): Promise<void> {
  for (let stuck = 0; stuck < 1000; stuck = response.writableNeedDrain ? stuck + 1 : 0) {
    if (response.writableEnded) throw new Error('The stream has ended')
    await turn()
  }
}

it('a reader of /stream that does not read stops the stream and fills no memory; the rest comes when it reads', async () => {
  // An hour with a token every millisecond, all of it at once in simulated time; without the megabytes that a kernel takes.
  const clock = new SimulatedClock()
  const agent = agentApp('http://127.0.0.1:9', { clock })
  const server = createServer(agent.app)
  const [reader, connection] = duplexPair()
  const served = once(server, 'request')
  server.emit('connection', connection)
  reader.write(
    'GET /stream?duration_s=3600&token_interval_ms=1&background_fanout=0 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  )
  const [, response] = (await served) as [unknown, ServerResponse]

  await untilStuck(response)
  expect(response.writableLength).toBeLessThan(128 * 1024)
  expect(agent.inFlight()).toBe(1)
  const stuckAt = clock.now()

  reader.resume()
  await expect.poll(() => clock.now()).toBeGreaterThan(stuckAt)
  reader.pause()
  await untilStuck(response)
  expect(response.writableLength).toBeLessThan(128 * 1024)

  reader.destroy()
  connection.destroy()
  await expect.poll(() => agent.inFlight()).toBe(0)
  await agent.tools.close()
})
