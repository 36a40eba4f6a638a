import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { Problem } from './problem.ts'

/** URL and headers of a request together, bytes. */
export const maxHeaderBytes = 16_384

/** How long a client that was answered may go on to hold its side of the connection, ms. */
const lingerMs = 1000

/** Answers with a problem, too, what never becomes a request to the application: Node answers with a bare status, or not at all. */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy()
    writeProblem(socket, problemOf(error.code))
  })
  server.on('connect', (_request, socket: Duplex) => {
    writeProblem(socket, new Problem(405, 'Method not allowed', 'CONNECT is not allowed: this is no proxy'))
  })
  // Whatever a client expects beyond 100-continue, it gets the answer that it would get anyway.
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response))
}

function problemOf(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem(431, 'Request too large', `URL and headers together may have ${maxHeaderBytes} bytes`)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem(408, 'Request timed out', 'The request took too long to arrive')
    default:
      return new Problem(400, 'Bad request', 'This is not a valid HTTP/1.1 request')
  }
}

/**
 * Answers, and lets go: the client may hold its side open for ever, and after CONNECT a socket is none of the server's connections
 * any more, which no time-out and no close of the server ends. Closed at once, one that still sends would lose the answer.
 */
function writeProblem(socket: Duplex, problem: Problem): void {
  const body = JSON.stringify(problem.body())
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  socket.on('error', () => {})
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // Whoever reads no more does not hear either that the client has left.
  socket.resume()
  const lingering = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(lingering))
}
