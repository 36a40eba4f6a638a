import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import express from 'express'
import { onlyKnownHosts } from './doors.ts'
import { notFound, Problem, problemHandler } from './problem.ts'

/**
 * An Express application as every service here has it: no framework header, no sniffing, no ETag over answers that differ
 * each time, problem+json for whatever goes wrong, `allowedHosts` beside the names that it has anyway. `routes` adds what is
 * the service's own.
 */
export function createServiceApp(
  allowedHosts: readonly string[],
  routes: (app: express.Express) => void,
): express.Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.set('case sensitive routing', true)
  app.set('strict routing', true)
  const atKnownHost = onlyKnownHosts(allowedHosts)
  app.use((req, res, next) => {
    res.setHeader('X-Content-Type-Options', 'nosniff')
    res.setHeader('Cache-Control', 'no-store')
    if (req.headers.host === undefined && req.httpVersion === '1.1')
      throw new Problem(400, 'Bad request', 'The request has no Host header')
    atKnownHost(req, res, next)
  })
  routes(app)
  app.use(notFound)
  app.use(problemHandler)
  return app
}

/** The query string of a request as parameter → value, or values where it was repeated. */
export function queryOf(req: express.Request): Record<string, string | string[]> {
  const start = req.url.indexOf('?')
  return valuesOf(start < 0 ? '' : req.url.slice(start + 1))
}

/** A text that is written as a query string, wherever it stood. */
export function valuesOf(text: string): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const earlier = values[name]
    values[name] = earlier === undefined ? value : [...(Array.isArray(earlier) ? earlier : [earlier]), value]
  }
  return values
}

/**
 * Sends JSON piece by piece, as fast as the reader takes it and a piece in a turn of the event loop: a large answer to many
 * readers fills no memory and holds nobody else up.
 */
export async function sendPieces(req: express.Request, res: express.Response, pieces: Iterable<string>): Promise<void> {
  res.type('json')
  if (req.method === 'HEAD') return void res.end()
  // That the reader left is no failure of ours.
  await pipeline(aTurnEach(pieces), res).catch(() => res.destroy())
}

async function* aTurnEach(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece
    await nextTurn()
  }
}

/** Throws a 499 problem when the client has left: of a socket that is closed nobody hears any more that it is. */
export function refuseLeft({ socket }: express.Request, res: express.Response): void {
  if (res.closed || socket.destroyed) throw new Problem(499, 'Cancelled', 'The client left')
}

/** Resolves when the reader of a response has taken what was written; rejects with the signal's reason. */
export function drained(res: express.Response, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      res.off('drain', settle)
      signal.removeEventListener('abort', settle)
      if (signal.aborted) reject(signal.reason as Error)
      else resolve()
    }
    res.on('drain', settle)
    signal.addEventListener('abort', settle)
    if (signal.aborted) settle()
  })
}
