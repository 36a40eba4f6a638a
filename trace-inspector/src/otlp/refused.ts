import { onOneLine } from './text.ts'

/** A request that is not taken as a whole; the text is meant for its sender. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: 400 | 413 | 415 | 503
  readonly headers: Record<string, string>

  constructor(status: Refusal['status'], message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/** Between two lines in the log, ms. */
const quietMs = 60_000
const longestReason = 300

/** What was not taken, counted and told: the log says it at once, and then what has come to it once a minute at most. */
export class Refused {
  /** Spans that were turned down, of requests that were taken. */
  spans = 0
  /** Requests that were turned down as a whole. */
  requests = 0
  /** Of the last of them. */
  reason: string | null = null
  #quiet: NodeJS.Timeout | undefined
  #isSaid = true

  addSpans(count: number, reason: string): void {
    this.spans += count
    this.#tell(reason)
  }

  addRequest(reason: string): void {
    this.requests++
    this.#tell(reason)
  }

  /** All of it in one line; null while there is nothing. */
  get text(): string | null {
    if (this.reason === null) return null
    return `turned down so far: spans ${this.spans}, whole requests ${this.requests}; the last because of ${this.reason}`
  }

  #tell(reason: string): void {
    this.reason = onOneLine(reason).slice(0, longestReason)
    this.#isSaid = false
    if (!this.#quiet) this.#say()
  }

  #say(): void {
    console.error(`trace-inspector: ${this.text}`)
    this.#isSaid = true
    this.#quiet = setTimeout(() => {
      this.#quiet = undefined
      if (!this.#isSaid) this.#say()
    }, quietMs).unref()
  }
}
