import { onAbort } from 'service-kit/on-abort'
import { behaviorHeader, type ToolAnswer } from 'contract/tool'
import { Connections } from './connections.ts'
import { ToolFailure, ToolServiceUnreachable } from 'engine/errors'
import type { Tools } from 'engine/ports'
import { Exchange } from './exchange.ts'
import { asToolError, readAnswer } from './answer.ts'

/** Room for what an answer says beside its payload, bytes. */
const besidesPayload = 65_536

/** The tools behind HTTP, with one time-out over connection, headers and body. */
export class ToolClient implements Tools {
  readonly base: URL
  readonly #connections: Connections
  readonly #timeoutMs: number

  /** `timeoutMs` is how long an answer may take beyond the delay that was asked for. */
  constructor(base: string, timeoutMs: number) {
    this.base = new URL(base)
    this.#timeoutMs = timeoutMs
    this.#connections = new Connections(this.base.origin, timeoutMs)
  }

  async call(
    tool: string,
    behavior: string,
    asked: { delayMs: number; payloadKb: number },
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<ToolAnswer> {
    signal.throwIfAborted()
    headers[behaviorHeader] = behavior
    const path = `${this.base.pathname === '/' ? '' : this.base.pathname}/tool/${encodeURIComponent(tool)}`
    const exchange = new Exchange(tool, asked.payloadKb * 1024 + besidesPayload)
    const limitMs = asked.delayMs + this.#timeoutMs
    const connection = this.#connections.take()
    const timer = setTimeout(() => exchange.abort(this.#timedOut(tool, limitMs)), limitMs)
    const stay = onAbort(signal, () => exchange.abort(signal.reason as Error))
    try {
      connection.dispatch({ method: 'GET', path, headers }, exchange)
      return readAnswer(tool, await exchange.answer)
    } catch (error) {
      throw asToolError(tool, this.base.origin, error, exchange.status)
    } finally {
      this.#connections.giveBack(connection)
      clearTimeout(timer)
      stay()
    }
  }

  /** Somebody who is silent, or nobody: what swallows a call whole has no connection. */
  #timedOut(tool: string, limitMs: number): Error {
    const within = `within ${Math.round(limitMs)} ms`
    if (this.#connections.isConnected) return new ToolFailure('timeout', `${tool} did not answer ${within}`)
    return new ToolServiceUnreachable(`No tool-service at ${this.base.origin} (no connection ${within})`)
  }

  /** Whether tool-service is there and says that it is well. */
  async isReady(): Promise<boolean> {
    const connection = this.#connections.take()
    try {
      const response = await connection.request({ method: 'GET', path: '/health', signal: AbortSignal.timeout(2000) })
      await response.body.dump()
      return response.statusCode === 200
    } catch {
      return false
    } finally {
      this.#connections.giveBack(connection)
    }
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}
