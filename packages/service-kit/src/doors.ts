import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { RequestHandler } from 'express'
import { Problem } from './problem.ts'

/**
 * 405 for every method but these, as the first handler of a route. Whatever runs something takes GET alone: Express would
 * answer its HEAD by running it.
 */
export function only(...methods: string[]): RequestHandler {
  return (req, _res, next) => {
    if (methods.includes(req.method)) return next()
    const detail = `${req.method.slice(0, 20)} is not allowed here: use ${methods.join(' or ')}`
    throw new Problem(405, 'Method not allowed', detail, { headers: { Allow: methods.join(', ') } })
  }
}

/** For what is safe to ask: nothing happens but the answer. */
export const onlyRead = only('GET', 'HEAD')

/**
 * 403 for what a page of another site makes a browser ask: for routes that do something. A link that leads here and a fetch
 * look alike, so what only reads stays open; no other site can read the answer.
 */
export const notFromOtherSites: RequestHandler = (req, _res, next) => {
  if (req.headers['sec-fetch-site'] !== 'cross-site') return next()
  throw new Problem(403, 'Forbidden', 'A page of another site asked for this: only this site, and no browser, may')
}

/** What the services of this project are called where they run together, and what a container calls its machine. */
const ownNames = [
  'agent-app',
  'agent-app-secondary',
  'tool-service',
  'trace-inspector',
  'host.docker.internal',
  'host.containers.internal',
  hostname().toLowerCase(),
]

/**
 * 421 for a `Host` that is no name of this service: a name that somebody else had rebound to this address would let their
 * pages read everything. Addresses are no names, and loopback names cannot be rebound. Of `allowed`, `.example.com` stands
 * for all names below it.
 */
export function onlyKnownHosts(allowed: readonly string[]): RequestHandler {
  const known = [...ownNames, 'localhost', '.localhost', ...allowed.map((name) => name.toLowerCase())]
  const isKnown = (name: string) =>
    isIP(name) > 0 || known.some((one) => name === one || (one.startsWith('.') && name.endsWith(one)))
  // Most requests give the same one.
  let lastKnown: string | undefined
  return (req, _res, next) => {
    const { host } = req.headers
    if (host === lastKnown || host === undefined) return next()
    if (isKnown(nameIn(host))) {
      lastKnown = host
      return next()
    }
    const given = JSON.stringify(host.slice(0, 100))
    throw new Problem(421, 'Misdirected request', `${given} is no name of this service: ALLOWED_HOSTS takes more names`)
  }
}

/** The name or address in a `Host` header, in lower case, without port, brackets and the dot of the root. */
function nameIn(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}
