import { createServer, type RequestListener, type Server } from 'node:http'
import { onStopSignal } from './signals.ts'
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

export interface ServeOptions {
  name: string
  host: string
  port: number
  /** The variable that says so; `PORT` unless it is another. */
  portVariable?: string
  lifecycle: Lifecycle
  telemetry: Telemetry
  /** Requests that still do something; a stop waits until there are none. */
  inFlight: () => number
  /** How long work may go on after a stop was asked for, ms. */
  drainMs: number
  /** How long the spans may take to leave after that, ms. */
  flushMs: number
}

/**
 * Listens until SIGTERM, SIGINT or the end of the parent that spawned this process with a channel; then lets work end,
 * aborts what has not ended in time, sends the spans and exits 0. A second signal exits 1 at once.
 * A port that cannot be had is told in one line, and the process exits 1.
 */
export async function serve(listener: RequestListener, options: ServeOptions): Promise<Server> {
  const { name, host, port, portVariable = 'PORT', lifecycle } = options
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 60_000 }, listener)
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
    () => void shutDown(server, options).then(() => process.exit(0)),
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

async function shutDown(server: Server, options: ServeOptions): Promise<void> {
  const { lifecycle, telemetry, name } = options
  lifecycle.stop()
  await idle(options.inFlight, options.drainMs)
  lifecycle.abort()
  await idle(options.inFlight, 1000)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
  const lost = await telemetry.shutdown(options.flushMs)
  if (lost > 0) console.error(`${name}: ${lost} spans could not be sent before the end`)
}

/** Resolves when nothing is in flight, or after `deadlineMs`. */
async function idle(inFlight: () => number, deadlineMs: number): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (inFlight() > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
