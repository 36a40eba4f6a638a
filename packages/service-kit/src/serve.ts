import { createServer, type RequestListener, type Server } from 'node:http'
import { answerBrokenRequests, maxHeaderBytes } from './broken-request.ts'
import { onStopSignal } from './signals.ts'
import { isTelemetrySilent } from './telemetry/log.ts'
import type { Telemetry } from './telemetry/start.ts'

/** Whether a service takes work. It is made before the application, which asks it, and ended by `serve`. */
export class Lifecycle {
  readonly #stopping = new AbortController()
  readonly #aborting = new AbortController()
  /** Aborted when the process was asked to stop: no more work is to be admitted. */
  readonly stopping = this.#stopping.signal
  /** Aborted when work that is under way has to end, its time being over. */
  readonly aborting = this.#aborting.signal

  stop(): void {
    this.#stopping.abort()
  }

  abort(): void {
    this.#aborting.abort()
  }
}

/**
 * How long a connection may do nothing, ms: longer than whoever is at its other side keeps one, a load balancer for a minute.
 * Who sends a request while the server closes loses it.
 */
const idleConnectionMs = 65_000

export interface ServeOptions {
  name: string
  host: string
  port: number
  /** The variable that says so; `PORT` unless it is another. */
  portVariable?: string
  lifecycle: Lifecycle
  telemetry: Telemetry
  /** Takes ledgers elsewhere: what waits leaves beside the spans. Resolves to how many were lost. */
  ledgers?: { close: (deadlineMs: number) => Promise<number> } | undefined
  /** Requests that still do something; a stop waits until there are none. */
  inFlight: () => number
  /** How long work may go on after a stop was asked for, ms. */
  drainMs: number
  /** How long the spans may take to leave after that, ms. */
  flushMs: number
  /** How long a request may take to arrive, ms; a minute unless it is said. */
  requestMs?: number
}

/**
 * Listens until SIGTERM, SIGINT or the end of the parent that spawned this process with a channel; then lets work end,
 * aborts what has not ended in time, sends the spans and exits 0. A second signal exits 1 at once.
 * A port that cannot be had is told in one line, and the process exits 1.
 */
export async function serve(listener: RequestListener, options: ServeOptions): Promise<Server> {
  const { name, host, port, portVariable = 'PORT', lifecycle, requestMs = 60_000 } = options
  // A request without Host is told so by the application, with a body like any other.
  const limits = {
    maxHeaderSize: maxHeaderBytes,
    requestTimeout: requestMs,
    requireHostHeader: false,
    keepAliveTimeout: idleConnectionMs,
  }
  const server = createServer(limits, listener)
  answerBrokenRequests(server)
  const answering = countAnswers(server)
  await new Promise<void>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? `port ${port} on ${host} is in use` : `${host}:${port}: ${error.message}`
      console.error(`${name} cannot start: ${reason}. ${portVariable} and HOST say where it listens.`)
      process.exit(1)
    })
    // A burst of thousands of connections overflows the default backlog of 511 and then costs seconds.
    server.listen({ host, port, backlog: 16_384 }, resolve)
  })
  const address = server.address()
  const boundPort = typeof address === 'object' && address ? address.port : port
  console.log(`${name} listens on http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`)

  const stop = onStopSignal(
    () =>
      void shutDown(server, answering, options).then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(`${name} did not stop as it should:`, error)
          process.exit(1)
        },
      ),
    () => process.exit(1),
  )
  // The parent may have gone while this process was loading; `connected` is absent where there never was a channel.
  if (process.connected === false) stop()
  else if (process.channel) {
    process.once('disconnect', stop)
    process.channel.unref()
  }
  lifecycle.stopping.addEventListener('abort', () => {
    server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
  })
  return server
}

/** What has to end and to be written at the end has this long where the drain's time is over, ms. */
const lastWordsMs = 1000

async function shutDown(server: Server, answering: () => number, options: ServeOptions): Promise<void> {
  const { lifecycle, telemetry, ledgers, name, inFlight, drainMs, flushMs } = options
  const drainedBy = performance.now() + drainMs
  lifecycle.stop()
  await idle(inFlight, drainMs)
  lifecycle.abort()
  await idle(() => inFlight() + answering(), Math.max(drainedBy - performance.now(), lastWordsMs))
  await closeServer(server, lastWordsMs)
  const [lost, lostLedgers = 0] = await Promise.all([telemetry.shutdown(flushMs), ledgers?.close(flushMs)])
  if (lost > 0 && !isTelemetrySilent()) console.error(`${name}: ${lost} spans could not be sent before the end`)
  if (lostLedgers > 0) console.error(`${name}: ${lostLedgers} ledgers could not be written before the end`)
}

/**
 * Closes a server with its connections. A socket that has left HTTP is none of those, and keeps the server from being closed:
 * it holds up what comes then, such as the spans, for `deadlineMs` at most.
 */
export function closeServer(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
    setTimeout(resolve, deadlineMs).unref()
  })
}

/**
 * Counts the answers that have not left as a whole. The server itself takes a connection for idle, and closes it, while a
 * slow reader still takes what was written.
 */
function countAnswers(server: Server): () => number {
  let answering = 0
  server.on('request', (_request, response) => {
    answering++
    response.once('close', () => answering--)
  })
  return () => answering
}

/** Resolves when nothing is in flight, or after `deadlineMs`. */
async function idle(inFlight: () => number, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (inFlight() > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
