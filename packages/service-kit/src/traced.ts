import { type Attributes, context, propagation, ROOT_CONTEXT, SpanKind, trace, type Tracer } from '@opentelemetry/api'
import { getRPCMetadata } from '@opentelemetry/core'
import type { Request, RequestHandler, Response } from 'express'
import type { WallClock } from './clock.ts'
import { http } from 'dialects/gen-ai/names'
import { failSpan, openSpan } from './spans.ts'

/**
 * Traces the requests of a route: a SERVER span below the caller's, until the response is closed, active in what follows.
 * The standard instrumentation's is the same in whole milliseconds, for three times the CPU; where that has been enabled,
 * its span is taken.
 */
export function traced(tracer: Tracer, systemClock: WallClock): RequestHandler {
  return (req, res, next) => {
    const { path } = req.route as { path: string }
    const name = `${req.method} ${path}`
    const standard = getRPCMetadata(context.active())?.span.setAttribute(http.route, path).updateName(name)
    // It has been written as it was; what is kept of it is the last that is said.
    if (standard && req.url.includes('?')) standard.setAttribute(http.urlQuery, spokenQuery(req.url))
    const clock = systemClock.anchored()
    const outside = standard ? context.active() : propagation.extract(ROOT_CONTEXT, req.headers)
    const span =
      standard ??
      openSpan(tracer, outside, {
        name,
        kind: SpanKind.SERVER,
        attributes: { [http.route]: path, ...requestAttributes(req) },
        startMs: clock.now(),
      })
    // Before the standard instrumentation's own listener, which ends its span.
    res.prependOnceListener('close', () => {
      if (res.headersSent) span.setAttribute(http.statusCode, res.statusCode)
      const failure = failureOf(res)
      if (failure) failSpan(span, failure.type, failure.message)
      if (!standard) span.end(clock.now())
    })
    context.with(trace.setSpan(outside, span), next)
  }
}

/** How a response that has been closed failed, if it did. A client that left is no success, whatever it had been told by then. */
export function failureOf(res: Response): { type: string; message?: string } | undefined {
  if (!res.writableFinished) return { type: 'cancelled', message: 'The client left before the answer was complete' }
  return res.statusCode >= 500 ? { type: String(res.statusCode) } : undefined
}

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span */
function requestAttributes({ method, headers, path, url, httpVersion, socket }: Request): Attributes {
  const attributes: Attributes = { [http.method]: method, [http.urlScheme]: 'http', [http.urlPath]: path }
  const query = spokenQuery(url)
  if (query) attributes[http.urlQuery] = query
  const host = headers.host ?? ''
  const [address, port] = splitAt(host, host.search(/:\d+$/))
  if (address) attributes[http.serverAddress] = address.replace(/^\[(.*)\]$/, '$1')
  if (port) attributes[http.serverPort] = Number(port)
  const { remoteAddress } = socket
  if (remoteAddress) attributes[http.clientAddress] = remoteAddress
  attributes[http.protocolVersion] = httpVersion
  if (headers['user-agent']) attributes[http.userAgent] = headers['user-agent']
  return attributes
}

/**
 * The query of a URL as spans have it: without the seed, from which whoever has the source finds every draw, and so what was
 * planted.
 */
function spokenQuery(url: string): string {
  const [, query] = splitAt(url, url.indexOf('?'))
  if (query === '') return ''
  return query
    .split('&')
    .filter((pair) => !new URLSearchParams(pair).has('seed'))
    .join('&')
}

/** What is before and behind the character at `at`; all of it is before where that is -1. */
function splitAt(text: string, at: number): [string, string] {
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
