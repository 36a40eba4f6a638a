import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { parseRetryAfter } from '../retry-after.ts'

/**
 * The HTTP requests of one export. The stock exporter tells neither the status nor the `Retry-After` of an answer that asks
 * for patience, nor that it is at its second attempt: they are read off the requests that it makes.
 */
export interface Attempts {
  /** Told at once when a request fails in a way that may pass. */
  onFailure: (reason: string) => void
  request?: ClientRequest
  /** The last such answer. */
  failure?: { reason: string; retryAfterMs?: number }
  isOver: boolean
}

/** The requests that are made within are written down. */
export const attempts = new AsyncLocalStorage<Attempts>()

/** Ends what is under way, and lets nothing follow. */
export function endAttempts(seen: Attempts): void {
  seen.isOver = true
  seen.request?.destroy()
}

/** https://opentelemetry.io/docs/specs/otlp/#failures-1 */
const retryable = new Set([429, 502, 503, 504])

subscribe('http.client.request.created', (message) => {
  const seen = attempts.getStore()
  if (!seen) return
  const { request } = message as { request: ClientRequest }
  seen.request = request
  request.once('error', (error) => seen.onFailure(error.message))
  request.once('response', (response) => onResponse(seen, response))
  if (seen.isOver) request.destroy()
})

function onResponse(seen: Attempts, response: IncomingMessage): void {
  const { statusCode = 0, statusMessage = '', headers } = response
  if (!retryable.has(statusCode)) return
  const retryAfterMs = parseRetryAfter(headers['retry-after'])
  const reason = `${statusCode} ${statusMessage}`.trim()
  seen.failure = { reason, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  seen.onFailure(reason)
  // The exporter would sleep on it, one batch at a time. A time that it has not got makes it hand the batch back.
  headers['retry-after'] = '3600'
}
