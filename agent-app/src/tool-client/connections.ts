import { Client } from 'undici'

/** How long a connection is kept that no call needs, ms. */
const idleMs = 3000

/**
 * Connections to one origin: one call at a time on each, and as many as there are calls. undici's own pool looks through all
 * of them for every call, which ten thousand at once make slower than the call itself.
 */
export class Connections {
  readonly #origin: string
  readonly #connectTimeoutMs: number
  /** Used last, used next: what is not needed any more is left to time out. */
  readonly #idle: Client[] = []
  #connected = 0
  #isClosed = false

  constructor(origin: string, connectTimeoutMs: number) {
    this.#origin = origin
    this.#connectTimeoutMs = connectTimeoutMs
  }

  /** Whether there is any connection at all. */
  get isConnected(): boolean {
    return this.#connected > 0
  }

  /** A connection for one call; it is to be given back whatever came of that. */
  take(): Client {
    return this.#idle.pop() ?? this.#open()
  }

  giveBack(client: Client): void {
    // One that failed, or has not come about, is of no use to the next call.
    if (client.stats.connected && !this.#isClosed) this.#idle.push(client)
    else void client.destroy()
  }

  #open(): Client {
    const client = new Client(this.#origin, {
      // A caller has one time-out over everything; these would be shorter than a legal delay.
      headersTimeout: 0,
      bodyTimeout: 0,
      // It ends here first: what a server closes may just be on its way with a request.
      keepAliveMaxTimeout: idleMs,
      connect: { timeout: this.#connectTimeoutMs },
    })
    client.on('connect', () => this.#connected++)
    client.on('disconnect', () => {
      this.#connected--
      const at = this.#idle.indexOf(client)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    return client
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#idle.splice(0).map((client) => client.destroy()))
  }
}
