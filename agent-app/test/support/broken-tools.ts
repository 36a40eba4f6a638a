import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

const ok = (body: string, length = Buffer.byteLength(body)) =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`
const answer = { tool: 'search', delay_ms: 0, ok: true, result: {}, payload: '', service: 'broken' }

/** Writes until the other side has had enough. */
function pour(socket: Socket, text: string): void {
  const write = () => {
    while (!socket.destroyed && socket.write(text));
  }
  socket.on('drain', write)
  write()
}

/** Ways for a tool to answer badly, as bytes on a socket, and the `error.type` of the attempt that met them. */
export const faults: Record<string, { answer: (socket: Socket) => unknown; errorType: string }> = {
  garbage: { answer: (socket) => socket.end('\0\x01 not HTTP at all\r\n\r\n'), errorType: 'invalid_response' },
  'half a body': { answer: (socket) => socket.end(ok('{"tool":"sea', 500)), errorType: 'connection_reset' },
  'half a chunk': {
    answer: (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"tool'),
    errorType: 'connection_reset',
  },
  'nothing, and closes': { answer: (socket) => socket.end(), errorType: 'connection_reset' },
  'a reset': { answer: (socket) => socket.resetAndDestroy(), errorType: 'connection_reset' },
  never: { answer: () => {}, errorType: 'timeout' },
  'headers, and then never': {
    answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'),
    errorType: 'timeout',
  },
  'headers that never end': {
    answer: (socket) => socket.write('HTTP/1.1 200 OK\r\nx-slow: '),
    errorType: 'timeout',
  },
  'headers without end': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      pour(socket, 'x-more: and more\r\n'.repeat(1000))
    },
    errorType: 'invalid_response',
  },
  'a body without end': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      pour(socket, `10000\r\n${'x'.repeat(65_536)}\r\n`)
    },
    errorType: 'invalid_response',
  },
  'a body of a gigabyte': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n')
      pour(socket, 'x'.repeat(65_536))
    },
    errorType: 'invalid_response',
  },
  'something that is not JSON': {
    answer: (socket) => socket.write(ok('<html>It works!</html>')),
    errorType: 'invalid_response',
  },
  'an empty body': { answer: (socket) => socket.write(ok('')), errorType: 'invalid_response' },
  'JSON that is no answer': { answer: (socket) => socket.write(ok('[null]')), errorType: 'invalid_response' },
  'the answer of another tool': {
    answer: (socket) => socket.write(ok(JSON.stringify({ ...answer, tool: 'other' }))),
    errorType: 'invalid_response',
  },
  'a payload that is no text': {
    answer: (socket) => socket.write(ok(JSON.stringify({ ...answer, payload: { a: 1 } }))),
    errorType: 'invalid_response',
  },
  'a redirect': {
    answer: (socket) => socket.write('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'),
    errorType: 'unexpected_status',
  },
  'status 500': {
    answer: (socket) => socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n'),
    errorType: '500',
  },
  'another protocol': {
    answer: (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n'),
    errorType: 'connection_reset',
  },
}

/** A tool-service that is none: what it writes on a socket as soon as something was asked is up to the test. */
export class BrokenTools {
  answer: (socket: Socket) => unknown = () => {}
  /** Connections that are open. */
  readonly sockets = new Set<Socket>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((socket) => {
      this.sockets.add(socket)
      socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
      socket.on('data', () => this.answer(socket))
    })
  }

  static async start(): Promise<BrokenTools> {
    const tools = new BrokenTools()
    await new Promise<void>((resolve) => tools.#server.listen(0, '127.0.0.1', resolve))
    return tools
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
