import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answerBrokenRequests, maxHeaderBytes } from '../src/broken-request.ts'
import { closeServer } from '../src/serve.ts'
import { rawRequest } from './support/hostile.ts'

let server: Server
let client: Socket
beforeEach(async () => {
  server = createServer({ maxHeaderSize: maxHeaderBytes })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => void client.destroy())

/** Sends a request as it is, on a connection whose own side stays open; resolves to that of the server. */
async function send(request: string): Promise<Socket> {
  const connected = once(server, 'connection')
  client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {}).write(Buffer.from(request, 'latin1'))
  return ((await connected) as [Socket])[0]
}

const broken: [string, string, number][] = [
  ['CONNECT', rawRequest('CONNECT', 'other.example:443'), 405],
  ['something that is not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['headers that are too long', rawRequest('GET', '/', [['x-long', 'y'.repeat(20_000)]]), 431],
]

describe.each(broken)('a client that sent %s', (_what, request, status) => {
  beforeEach(() => answerBrokenRequests(server))

  it('has its answer, and is let go though it holds its side open', async () => {
    const socket = await send(request)
    const closed = once(socket, 'close')
    let answer = ''
    client.on('data', (data) => (answer += data.toString()))
    await once(client, 'end')
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    await closed
    await closeServer(server, 3_600_000)
  })
})

it('a server is closed at its deadline where a socket has left HTTP', async () => {
  const upgraded = once(
    server.on('upgrade', () => {}),
    'upgrade',
  )
  await send(rawRequest('GET', '/', [['Upgrade', 'other']]).replace('Connection: close', 'Connection: upgrade'))
  const [, socket] = (await upgraded) as [unknown, Duplex]
  await closeServer(server, 1)
  expect(socket.destroyed).toBe(false)
})
