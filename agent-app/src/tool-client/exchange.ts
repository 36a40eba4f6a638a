import type { Dispatcher } from 'undici'
import { type HttpAnswer, invalid } from './answer.ts'

/**
 * One request and its answer, read to its end. undici's own `request` makes a stream of every answer and a listener of every
 * signal, which together cost a third of a hop; this takes the bytes as they come.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Rejects with what undici says, with what it was aborted for, or with ToolFailure where there was too much. */
  readonly answer: Promise<HttpAnswer>
  /** Of the answer, once its headers are there. */
  status: number | undefined
  readonly #tool: string
  readonly #limitBytes: number
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #reject: (reason: Error) => void
  #controller: Dispatcher.DispatchController | undefined
  #abortedFor: Error | undefined
  #retryAfter: string | string[] | undefined
  readonly #chunks: Buffer[] = []
  #bytes = 0

  /** `limitBytes` is the most that the answer may be: a tool that never stops talking must not fill the memory. */
  constructor(tool: string, limitBytes: number) {
    this.#tool = tool
    this.#limitBytes = limitBytes
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
    this.answer = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Ends it, whatever it waits for; the first reason stays. */
  abort(reason: Error): void {
    this.#abortedFor ??= reason
    this.#reject(reason)
    this.#controller?.abort(reason)
  }

  // ── what undici calls ─────────────────────────────────────────────────────────────────────────────────────────────

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#abortedFor) controller.abort(this.#abortedFor)
  }

  onResponseStart(_controller: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status
    this.#retryAfter = headers['retry-after']
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes <= this.#limitBytes) return
    this.abort(
      invalid(`${this.#tool} answered more than the ${this.#limitBytes} bytes that there was room for`, this.status),
    )
  }

  onResponseEnd(): void {
    // Most answers come in one piece.
    const [first] = this.#chunks
    const body = (first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)).toString()
    this.#resolve({ status: this.status as number, retryAfter: this.#retryAfter, body })
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error)
  }
}
